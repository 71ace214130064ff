//! Master key and salt key: from the configuration, the environment, or made once and kept in the data folder.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::alerts::AlertVariables;
use crate::config::{Config, SSO_VARIABLES, Secret, Variables};
use crate::crypto::{self, RandomError};
use crate::mail::SmtpVariables;

/// Who owns it reads and writes it; nobody else.
const MODE_PRIVATE: u32 = 0o600;

/// What the environment says about the server.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `DATABASE_URL`.
    pub database_url: Option<Secret>,
    /// `LITELLM_MASTER_KEY`.
    pub master_key: Option<Secret>,
    /// `LITELLM_SALT_KEY`.
    pub salt_key: Option<Secret>,
    /// `UI_USERNAME`.
    pub ui_username: Option<String>,
    /// `UI_PASSWORD`.
    pub ui_password: Option<Secret>,
    /// `REDIS_URL`.
    pub redis_url: Option<Secret>,
    /// `REDIS_HOST`.
    pub redis_host: Option<String>,
    /// `REDIS_PORT`.
    pub redis_port: Option<String>,
    /// `REDIS_PASSWORD`.
    pub redis_password: Option<Secret>,
    /// `STORE_MODEL_IN_DB`.
    pub store_model_in_db: Option<bool>,
    /// Any other, where a model's configuration needs it.
    pub variables: Variables,
    /// `PROXY_BASE_URL` starts with `https`: cookies are for secure connections only.
    pub is_https: bool,
    /// `SMTP_HOST` and its like.
    pub smtp: SmtpVariables,
    /// `SLACK_WEBHOOK_URL` and `WEBHOOK_URL`: where alerts are told.
    pub alerts: AlertVariables,
    /// `PROXY_BASE_URL`: where people reach the gateway.
    pub base_url: Option<String>,
    /// Those that set providers of single sign-on, by name.
    pub sso: BTreeMap<String, Secret>,
}

impl Environment {
    /// Reads it through `lookup`.
    #[must_use]
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let text = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let secret = |name: &str| text(name).map(Secret::new);
        Self {
            database_url: secret("DATABASE_URL"),
            master_key: secret("LITELLM_MASTER_KEY"),
            salt_key: secret("LITELLM_SALT_KEY"),
            ui_username: text("UI_USERNAME"),
            ui_password: secret("UI_PASSWORD"),
            redis_url: secret("REDIS_URL"),
            redis_host: text("REDIS_HOST"),
            redis_port: text("REDIS_PORT"),
            redis_password: secret("REDIS_PASSWORD"),
            smtp: SmtpVariables::read(text),
            alerts: AlertVariables { slack_url: secret("SLACK_WEBHOOK_URL"), webhook_url: secret("WEBHOOK_URL") },
            base_url: text("PROXY_BASE_URL").map(|url| url.trim_end_matches('/').to_owned()),
            store_model_in_db: text("STORE_MODEL_IN_DB").and_then(|word| boolean(&word)),
            variables: Variables::default(),
            is_https: text("PROXY_BASE_URL").is_some_and(|url| url.starts_with("https://")),
            sso: SSO_VARIABLES.iter().filter_map(|name| Some(((*name).to_owned(), secret(name)?))).collect(),
        }
    }
}

/// A variable that says yes or no.
fn boolean(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// The keys of this installation.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// Its bearer may do everything.
    pub master_key: Secret,
    /// Seals credentials in the database.
    pub salt_key: Secret,
    /// Where the master key is kept, where we made it.
    pub master_key_file: Option<PathBuf>,
}

/// Why a key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// A key that was set is no good.
    #[error("{name} is too short: expected at least {KEY_CHARS_MIN} characters")]
    TooShort {
        /// Which.
        name: &'static str,
    },
    /// Its file cannot be used.
    #[error("cannot keep a key in {path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its file does not hold one, as after a full disk.
    #[error(
        "{path} should hold a key of at least {KEY_CHARS_MIN} characters: put it back, or delete the file to have \
         a new one made"
    )]
    NoKey {
        /// Which.
        path: PathBuf,
    },
    /// None can be made.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// A shorter key is refused, in characters.
const KEY_CHARS_MIN: usize = 6;

impl Secrets {
    /// Finds the keys, or makes them.
    ///
    /// # Errors
    /// When a file in the data folder cannot be used.
    pub fn load(config: &Config, environment: &Environment, data: &Path) -> Result<Self, SecretError> {
        let configured = config.general.master_key.as_ref().or(environment.master_key.as_ref());
        let (master_key, master_key_file) = match configured {
            Some(key) if key.expose().chars().count() < KEY_CHARS_MIN => {
                return Err(SecretError::TooShort { name: "the master key" });
            }
            Some(key) => (key.clone(), None),
            None => {
                let path = data.join("master_key");
                (kept_key(&path)?, Some(path))
            }
        };
        let salt_key = match config.general.salt_key.as_ref().or(environment.salt_key.as_ref()) {
            Some(key) => key.clone(),
            None => kept_key(&data.join("salt_key"))?,
        };
        Ok(Self { master_key, salt_key, master_key_file })
    }
}

/// The key in `path`; made and kept there if there is none.
fn kept_key(path: &Path) -> Result<Secret, SecretError> {
    let failed = |source| SecretError::File { path: path.to_owned(), source };
    let mut options = OpenOptions::new();
    match options.write(true).create_new(true).mode(MODE_PRIVATE).open(path) {
        Ok(mut file) => {
            let key = crypto::generate_key()?;
            file.write_all(key.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
            Ok(Secret::new(key))
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let kept = std::fs::read_to_string(path).map_err(failed)?;
            let key = kept.trim();
            if key.chars().count() < KEY_CHARS_MIN {
                return Err(SecretError::NoKey { path: path.to_owned() });
            }
            Ok(Secret::new(key))
        }
        Err(error) => Err(failed(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_an_empty_file_is_none() {
        let data = tempfile::TempDir::new().unwrap();
        let load = || Secrets::load(&Config::default(), &Environment::default(), data.path());
        let first = load().unwrap();
        let again = load().unwrap();
        assert_eq!(first.master_key.expose(), again.master_key.expose());
        assert_eq!(first.salt_key.expose(), again.salt_key.expose());
        assert_ne!(first.master_key.expose(), first.salt_key.expose());
        for name in ["master_key", "salt_key"] {
            let path = data.path().join(name);
            let kept = std::fs::read_to_string(&path).unwrap();
            for content in ["", "\n", "sk-\n"] {
                std::fs::write(&path, content).unwrap();
                assert!(load().unwrap_err().to_string().contains(name));
            }
            std::fs::write(&path, kept).unwrap();
        }
        load().unwrap();
    }
}
