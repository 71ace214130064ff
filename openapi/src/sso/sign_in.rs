//! Signing in at a provider: where, on the way there and back, and what may go wrong.

use garde::Validate;
use serde::{Deserialize, Serialize};

use super::SsoKind;

/// A way to sign in, as anybody may know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"provider_id": "google", "kind": "google", "display_name": "Google",
    "sign_in_path": "/sso/sign_in/google"})))]
pub struct SsoChoice {
    /// Its id.
    pub provider_id: String,
    /// Whose product it is.
    pub kind: SsoKind,
    /// What its button says after "Continue with".
    pub display_name: String,
    /// Where the browser goes.
    pub sign_in_path: String,
}

/// Answer of `GET /sso/choices`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"choices": [{"provider_id": "google", "kind": "google",
    "display_name": "Google", "sign_in_path": "/sso/sign_in/google"}], "by_email": false})))]
pub struct SsoChoices {
    /// The providers that have a button.
    pub choices: Vec<SsoChoice>,
    /// An e-mail address leads to others.
    pub by_email: bool,
}

/// Body of `POST /sso/lookup`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"email": "ada@acme.com"})))]
#[serde(deny_unknown_fields)]
pub struct SsoLookup {
    /// The address of who wants to sign in. Only its domain matters.
    #[garde(length(min = 1, max = 320))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 320))]
    pub email: String,
}

/// Answer of `POST /sso/lookup`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"choice": {"provider_id": "acme", "kind": "okta", "display_name": "Acme",
    "sign_in_path": "/sso/sign_in/acme"}})))]
pub struct SsoLookupView {
    /// Where addresses of this domain sign in; none: nowhere in particular.
    pub choice: Option<SsoChoice>,
}

/// Query of `GET /sso/key/generate` and of `GET /sso/sign_in/{provider_id}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct SsoStartQuery {
    /// Page of the console to go to afterwards, such as `/ui/keys`; any other address is left alone.
    #[garde(length(max = 2048))]
    #[cfg_attr(feature = "spec", param(max_length = 2048))]
    pub return_to: Option<String>,
    /// Address that the provider may fill in.
    #[garde(length(max = 320))]
    #[cfg_attr(feature = "spec", param(max_length = 320))]
    pub login_hint: Option<String>,
}

/// Query with which a provider sends people back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct SsoCallbackQuery {
    /// What is exchanged for tokens.
    #[garde(length(max = 8192))]
    #[cfg_attr(feature = "spec", param(max_length = 8192))]
    pub code: Option<String>,
    /// Which sign-in it belongs to.
    #[garde(length(max = 8192))]
    #[cfg_attr(feature = "spec", param(max_length = 8192))]
    pub state: Option<String>,
    /// Who sent them, where the provider says so (RFC 9207).
    #[garde(length(max = 8192))]
    #[cfg_attr(feature = "spec", param(max_length = 8192))]
    pub iss: Option<String>,
    /// Why there is no code.
    #[garde(length(max = 8192))]
    #[cfg_attr(feature = "spec", param(max_length = 8192))]
    pub error: Option<String>,
    /// The same, for people.
    #[garde(length(max = 8192))]
    #[cfg_attr(feature = "spec", param(max_length = 8192))]
    pub error_description: Option<String>,
}

/// Why a sign-in came to nothing: the `reason` of the console's page about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SsoProblem {
    /// There is no such provider, or it is switched off.
    UnknownProvider,
    /// The provider does not answer, or not as it should.
    ProviderDown,
    /// The provider does not know Tollgate's client, or its secret.
    ClientRefused,
    /// The provider is not who it should be.
    WrongIssuer,
    /// What the provider says cannot be believed: signature, audience, nonce or time are not right.
    InvalidToken,
    /// The sign-in was begun in another browser, or never.
    UnknownState,
    /// It was begun too long ago.
    Expired,
    /// It is over already.
    Replayed,
    /// The person, or the provider, said no.
    Denied,
    /// The provider does not say that the e-mail address is the person's own.
    UnverifiedEmail,
    /// The provider tells no e-mail address, and one is needed.
    NoEmail,
    /// The address is of a domain that may not sign in here.
    DomainNotAllowed,
    /// The address belongs to an account that signs in at this provider as somebody else.
    TwoAccounts,
    /// There is no account, and none is made.
    NoAccount,
    /// The account is blocked.
    Blocked,
    /// Tollgate itself failed.
    Unavailable,
}

impl SsoProblem {
    /// Every problem.
    pub const ALL: [Self; 16] = [
        Self::UnknownProvider,
        Self::ProviderDown,
        Self::ClientRefused,
        Self::WrongIssuer,
        Self::InvalidToken,
        Self::UnknownState,
        Self::Expired,
        Self::Replayed,
        Self::Denied,
        Self::UnverifiedEmail,
        Self::NoEmail,
        Self::DomainNotAllowed,
        Self::TwoAccounts,
        Self::NoAccount,
        Self::Blocked,
        Self::Unavailable,
    ];

    /// Its name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownProvider => "unknown_provider",
            Self::ProviderDown => "provider_down",
            Self::ClientRefused => "client_refused",
            Self::WrongIssuer => "wrong_issuer",
            Self::InvalidToken => "invalid_token",
            Self::UnknownState => "unknown_state",
            Self::Expired => "expired",
            Self::Replayed => "replayed",
            Self::Denied => "denied",
            Self::UnverifiedEmail => "unverified_email",
            Self::NoEmail => "no_email",
            Self::DomainNotAllowed => "domain_not_allowed",
            Self::TwoAccounts => "two_accounts",
            Self::NoAccount => "no_account",
            Self::Blocked => "blocked",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Page of the console that says why a sign-in came to nothing, and what to do.
pub const PROBLEM_PAGE: &str = "/ui/sso-problem";
