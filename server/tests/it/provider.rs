//! Providers that speak a protocol of their own: what they are sent, what the client gets, what is booked.

pub(crate) mod anthropic;
mod embedding;
mod gemini;
mod params;
mod quirks;
