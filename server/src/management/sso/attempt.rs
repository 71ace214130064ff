//! A sign-in on its way: the browser keeps it, sealed, so that it comes back to any node and from no other browser.

use actix_web::http::header::{COOKIE, HeaderMap};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::crypto::SealError;

/// How long somebody may take at their provider.
pub(super) const AGE_MAX: TimeDelta = TimeDelta::minutes(10);
/// What the cookie's name begins with; some of the state follows, so that two tabs do not take each other's place.
const COOKIE_PREFIX: &str = "tollgate_sso_";
/// Characters of the state in it.
const NAME_CHARS: usize = 8;
/// What it is sealed for.
const PLACE: &str = "sso_attempt";

/// What must be known when somebody comes back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Attempt {
    pub(super) provider_id: String,
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
    pub(super) redirect_uri: String,
    pub(super) return_to: String,
    pub(super) expires_at: DateTime<Utc>,
}

impl Attempt {
    /// `Set-Cookie` that hands it to the browser.
    pub(super) fn set_cookie(&self, app: &App) -> Result<String, SealError> {
        let text = serde_json::to_string(self).map_err(|_| SealError::Damaged)?;
        let sealed = app.sealer.seal(PLACE, &text)?;
        let name = name_of(&self.state).unwrap_or_default();
        Ok(format!("{name}={sealed}; {}; Max-Age={}", attributes(app), AGE_MAX.num_seconds()))
    }

    /// The sign-in with this state that the browser began, expired or not.
    pub(super) fn find(app: &App, headers: &HeaderMap, state: &str) -> Option<Self> {
        let name = name_of(state)?;
        let cookies = headers.get_all(COOKIE).filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let (_, sealed) = pairs.find(|(known, _)| *known == name)?;
        let opened = app.sealer.open(PLACE, sealed).ok()?;
        serde_json::from_str(&opened).ok().filter(|attempt: &Self| attempt.state == state)
    }
}

/// `Set-Cookie` that makes the browser forget a sign-in.
pub(super) fn clear_cookie(app: &App, state: &str) -> Option<String> {
    Some(format!("{}=; {}; Max-Age=0", name_of(state)?, attributes(app)))
}

fn name_of(state: &str) -> Option<String> {
    let some = state.get(..NAME_CHARS)?;
    some.bytes().all(|byte| byte.is_ascii_alphanumeric()).then(|| format!("{COOKIE_PREFIX}{some}"))
}

fn attributes(app: &App) -> &'static str {
    if app.identity.is_https {
        "Path=/sso; HttpOnly; SameSite=Lax; Secure"
    } else {
        "Path=/sso; HttpOnly; SameSite=Lax"
    }
}

/// The page of the console to go to afterwards: what was asked for where that is one, else the first.
pub(super) fn return_to(asked: Option<&str>) -> String {
    const FIRST: &str = "/ui/";
    let is_page = |path: &str| {
        let rest = path.strip_prefix("/ui");
        let is_inside = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
        // Browsers take a backslash for a slash, and leave control characters out.
        let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        is_inside && is_plain && !path.contains("/..") && !path.contains("//")
    };
    asked.filter(|path| is_page(path)).unwrap_or(FIRST).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_the_console_are_returned_to() {
        for page in ["/ui", "/ui/", "/ui/keys?key=ab&tab=details", "/ui?x=1"] {
            assert_eq!(return_to(Some(page)), page);
        }
        for other in [
            "https://evil.test",
            "//evil.test",
            "/ui//evil.test",
            "/uieviltest",
            "/ui/../key/list",
            "/ui\\evil",
            "/ui/\n",
            "javascript:alert(1)",
            "",
        ] {
            assert_eq!(return_to(Some(other)), "/ui/", "{other}");
        }
        assert_eq!(return_to(None), "/ui/");
    }

    #[test]
    fn names_of_cookies_are_plain() {
        assert_eq!(name_of("abcdefgh123").as_deref(), Some("tollgate_sso_abcdefgh"));
        for state in ["", "short", "a;b=c;dddd", "é234567890"] {
            assert_eq!(name_of(state), None, "{state}");
        }
    }
}
