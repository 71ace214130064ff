//! How people sign in: the settings of `tollgate_settings` that are about it.

use super::reader::{Item, Section};
use crate::domain::address::Allowed;

/// The shortest password that may be asked for, in characters.
const PASSWORD_CHARS_LOWEST: u64 = 8;
/// And the longest.
const PASSWORD_CHARS_HIGHEST: u64 = 64;

/// How people sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentitySettings {
    /// The shortest password that is taken, in characters. Default: 12.
    pub password_chars_min: usize,
    /// `UI_USERNAME` signs in with `UI_PASSWORD`, or the master key. Default: yes.
    pub environment_sign_in: bool,
    /// Administrators who sign in with a password need a second factor. Default: no.
    pub second_factor_of_admins: bool,
    /// The proxies whose `X-Forwarded-For` is believed. Default: the one that is connected.
    pub trusted_proxies: Vec<Allowed>,
}

impl Default for IdentitySettings {
    fn default() -> Self {
        Self {
            password_chars_min: 12,
            environment_sign_in: true,
            second_factor_of_admins: false,
            trusted_proxies: Vec::new(),
        }
    }
}

pub(super) fn read(section: &mut Section<'_>) -> IdentitySettings {
    let default = IdentitySettings::default();
    let chars = section.whole("password_min_chars", PASSWORD_CHARS_LOWEST..=PASSWORD_CHARS_HIGHEST);
    IdentitySettings {
        password_chars_min: chars.and_then(|chars| usize::try_from(chars).ok()).unwrap_or(default.password_chars_min),
        environment_sign_in: section.boolean("environment_sign_in", default.environment_sign_in),
        second_factor_of_admins: section.boolean("require_second_factor_of_admins", default.second_factor_of_admins),
        trusted_proxies: section.get("trusted_proxies").map(|item| proxies(&item)).unwrap_or_default(),
    }
}

fn proxies(item: &Item<'_>) -> Vec<Allowed> {
    let read = |item: &Item<'_>| {
        let text = item.text()?;
        let is_address = text.parse::<std::net::IpAddr>().is_ok() || text.contains('/');
        let found = Allowed::parse(&text).filter(|_| is_address);
        if found.is_none() {
            item.error("expected an address such as \"10.0.0.12\" or a network such as \"10.0.0.0/8\"");
        }
        found
    };
    item.list(true).iter().filter_map(read).collect()
}
