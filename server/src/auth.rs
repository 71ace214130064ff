//! Who calls: master key, console session or virtual key; passwords, CSRF.
//!
//! [`authenticate`] is the middleware in front of every operation that is not public. Handlers then take a
//! [`Principal`] and ask it whether it [may](Principal::authorize_on) do what is asked.

pub mod access_token;
mod authenticate;
mod csrf;
pub mod first_admin;
pub mod letters;
pub mod password;
mod memberships;
mod principal;
pub mod second_factor;
pub mod session;
pub mod sign_in;

pub use authenticate::authenticate;
pub(crate) use authenticate::{client_address, identify};
pub(crate) use csrf::check_origin;
pub use memberships::Memberships;
pub use principal::{Credential, DEFAULT_USER_ID, Principal};
pub use sign_in::SignedIn;
