//! What proves to AWS whose call it is: credentials, where they come from, and the signature they make.
//!
//! Source: "Signature Version 4 signing process" in the AWS General Reference; the crates aws-sigv4 and aws-config.

mod credentials;
mod http;
mod identity;
mod signature;

pub(super) use signature::Signature;
