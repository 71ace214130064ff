//! Second factors: codes of an authenticator app.

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};

use crate::check::valid_id;

/// Query of `GET /second_factor/info`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct SecondFactorQuery {
    /// Whose; absent: the caller's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", param(min_length = 1, max_length = 255))]
    pub user_id: Option<String>,
}

/// Whether a user has a second factor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"user_id": "ada", "is_on": true, "since": "2026-11-21T09:30:00Z",
    "recovery_codes_left": 9, "is_required": false})))]
pub struct SecondFactorView {
    /// Whose it is.
    pub user_id: String,
    /// It is asked for at sign-in.
    pub is_on: bool,
    /// Since when.
    pub since: Option<DateTime<Utc>>,
    /// Recovery codes that were not used.
    pub recovery_codes_left: u64,
    /// The user may do nothing else until they have one.
    pub is_required: bool,
}

/// Body of `POST /second_factor/new` and `POST /second_factor/recovery_codes/new`.
#[derive(Clone, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"password": "correct horse battery staple"})))]
#[serde(deny_unknown_fields)]
pub struct SecondFactorCreate {
    /// The user's password, once more.
    #[garde(length(min = 1, max = 1024))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 1024))]
    pub password: String,
}

/// Answer of `POST /second_factor/new`: what goes into an authenticator app. It is shown once.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    "url": "otpauth://totp/Tollgate:ada%40example%2Ecom?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Tollgate",
    "qr_svg": "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>"})))]
pub struct SecondFactorCreated {
    /// The secret in base 32, to be typed.
    pub secret: String,
    /// The same as an address that apps open.
    pub url: String,
    /// The address as a picture that apps read, in SVG.
    pub qr_svg: String,
}

/// Body of `POST /second_factor/confirm`.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"code": "492039"})))]
#[serde(deny_unknown_fields)]
pub struct SecondFactorConfirm {
    /// The code that the app shows.
    #[garde(length(min = 1, max = 64))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 64))]
    pub code: String,
}

/// Answer of `POST /second_factor/confirm` and `POST /second_factor/recovery_codes/new`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"recovery_codes": ["7kqp-x3mm-ab9z-t4wd"]})))]
pub struct SecondFactorConfirmed {
    /// Each signs in once in the place of a code, for who has lost their app. They are shown once.
    pub recovery_codes: Vec<String>,
}

/// Body of `POST /second_factor/delete`: one of the two.
#[derive(Clone, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"user_id": "ada"})))]
#[serde(default, deny_unknown_fields)]
pub struct SecondFactorDelete {
    /// The caller's own password, once more: removes their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(length(min = 1, max = 1024))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 1024))]
    pub password: Option<String>,
    /// Whose, for administrators: removes that of somebody who has lost theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(custom(valid_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub user_id: Option<String>,
}
