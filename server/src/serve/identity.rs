//! Who may sign in without the database, and how everybody does.

use std::net::SocketAddr;
use std::sync::Arc;

use super::{Environment, Secrets};
use crate::app::Identity;
use crate::config::Config;
use crate::crypto::{KeyDigest, MacKey};
use crate::domain::proxy::TrustedProxies;

/// What configuration and environment say of it. `address` is where the gateway listens.
pub(super) fn of(config: &Config, environment: &Environment, secrets: &Secrets, address: SocketAddr) -> Arc<Identity> {
    let master_key = KeyDigest::of(secrets.master_key.expose());
    let ui_username = environment.ui_username.clone().unwrap_or_else(|| "admin".to_owned());
    let ui_password = environment.ui_password.as_ref().map(|password| KeyDigest::of(password.expose()));
    let password = ui_password.as_ref().unwrap_or(&master_key).to_hex();
    let settings = config.limits.identity.clone();
    let proxies =
        TrustedProxies { is_header_used: config.general.use_x_forwarded_for, listed: settings.trusted_proxies.clone() };
    let mac_key = MacKey::new(secrets.salt_key.expose());
    let mac = mac_key.mac(&[b"tollgate environment sign-in 1", ui_username.as_bytes(), password.as_bytes()]);
    Arc::new(Identity {
        master_key,
        ui_username,
        ui_password,
        environment_mac: mac.iter().map(|byte| format!("{byte:02x}")).collect(),
        is_https: environment.is_https,
        base_url: environment.base_url.clone().unwrap_or_else(|| own_address(address)),
        settings,
        proxies,
    })
}

fn own_address(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        return format!("http://localhost:{}", address.port());
    }
    format!("http://{address}")
}
