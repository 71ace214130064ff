//! A user's own password: changed, or set anew by who forgot it.

use garde::Validate;
use serde::{Deserialize, Serialize};

use crate::check::check_email;

/// Body of `POST /user/password/change`.
#[derive(Clone, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"current_password": "correct horse battery staple",
    "new_password": "six oars under the old pier"})))]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The password so far.
    #[garde(length(min = 1, max = 1024))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 1024))]
    pub current_password: String,
    /// The password from now on: of at least 12 characters, or as the gateway is set to ask.
    #[garde(length(min = 1, max = 1024))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 1024))]
    pub new_password: String,
}

/// Answer of `POST /user/password/change` and `POST /user/password/reset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"revoked": 1})))]
pub struct PasswordChanged {
    /// Sessions of the user that have ended.
    pub revoked: u64,
}

/// Body of `POST /user/password/forgot`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"user_email": "ada@example.com"})))]
#[serde(deny_unknown_fields)]
pub struct PasswordForgot {
    /// The account's e-mail address.
    #[garde(custom(check_email))]
    #[cfg_attr(feature = "spec", schema(min_length = 3, max_length = 320))]
    pub user_email: String,
}

/// Answer of `POST /user/password/forgot`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"message": "If there is an account with this address, a letter is on its way."})))]
pub struct PasswordForgotten {
    /// What happens now. It says the same whether there is such an account or not.
    pub message: String,
}

/// Body of `POST /user/password/reset`.
#[derive(Clone, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"token": "k3y0fTh3L1nk", "password": "six oars under the old pier"})))]
#[serde(deny_unknown_fields)]
pub struct PasswordReset {
    /// What the letter's link carries behind `#`.
    #[garde(length(min = 1, max = 128))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 128))]
    pub token: String,
    /// The password from now on: of at least 12 characters, or as the gateway is set to ask.
    #[garde(length(min = 1, max = 1024))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 1024))]
    pub password: String,
}
