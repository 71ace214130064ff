//! Parameters that a provider does not take: refused, or dropped where `drop_params` says so.

use crate::provider::openai::RequestError;

/// What becomes of parameters that a provider does not take.
#[derive(Clone, Copy, Debug)]
pub struct Unsupported<'a> {
    /// The provider's name, for the message.
    pub provider: &'a str,
    /// They are left out without a word.
    pub drop_params: bool,
}

impl Unsupported<'_> {
    /// `param` was sent, if `is_sent`, and cannot be passed on.
    ///
    /// # Errors
    /// When it was sent and is not to be dropped.
    pub fn check(&self, param: &'static str, is_sent: bool) -> Result<(), RequestError> {
        if is_sent && !self.drop_params {
            return Err(RequestError {
                param: Some(param),
                message: format!(
                    "{} does not support the parameter '{param}'. Leave it out, or set litellm_settings.drop_params: true to have it dropped.",
                    self.provider
                ),
            });
        }
        Ok(())
    }

    /// The same of several.
    ///
    /// # Errors
    /// Of the first that was sent.
    pub fn check_all(&self, params: impl IntoIterator<Item = (&'static str, bool)>) -> Result<(), RequestError> {
        params.into_iter().try_for_each(|(param, is_sent)| self.check(param, is_sent))
    }
}
