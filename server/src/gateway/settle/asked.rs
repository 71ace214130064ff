//! What a call asked for.

use std::sync::Arc;

use bytes::Bytes;

use crate::domain::price::ServiceTier;
use crate::domain::usage::Usage;
use crate::export::Telling;

/// What a call asked for, to be counted where the provider does not tell what it took.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Asked {
    /// In OpenAI's form; without the files of a form.
    pub(in crate::gateway) body: Bytes,
    /// What it takes besides the tokens of its text.
    pub(in crate::gateway) units: Usage,
    /// The processing tier asked for.
    pub(in crate::gateway) tier: ServiceTier,
    /// What picture, where it asked for one.
    pub(in crate::gateway) image: Option<ImageAsked>,
    /// How tools are told of it.
    pub(in crate::gateway) telling: Arc<Telling>,
}

impl Asked {
    /// A text in whatever form.
    pub(in crate::gateway) fn text(body: Bytes, tier: ServiceTier) -> Self {
        Self { body, units: Usage::default(), tier, image: None, telling: Arc::default() }
    }
}

/// What a picture's price depends on.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct ImageAsked {
    /// As the request names it.
    pub(in crate::gateway) quality: Option<String>,
    /// As the request names it.
    pub(in crate::gateway) size: Option<String>,
}
