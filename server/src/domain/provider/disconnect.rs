//! Who pays when a client leaves before its answer is over.

use super::ProviderKind;

/// What becomes of a provider's answer when the client has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnClientDisconnect {
    /// The provider's call is cancelled: it stops and bills what it has written so far.
    Cancel,
    /// The answer is read to its end, for its usage: the provider bills all of it anyway.
    Drain,
}

impl OnClientDisconnect {
    /// Each with its name in a configuration.
    pub const NAMES: [(&'static str, Self); 2] = [("cancel", Self::Cancel), ("drain", Self::Drain)];
}

/// Providers that go on writing, and billing, when nobody reads any more. All others are known or taken to stop.
const BILLS_TO_THE_END: &[ProviderKind] = &[ProviderKind::Bedrock];

impl ProviderKind {
    /// What is done with this provider's answers unless a deployment says otherwise.
    #[must_use]
    pub fn on_client_disconnect(self) -> OnClientDisconnect {
        if BILLS_TO_THE_END.contains(&self) { OnClientDisconnect::Drain } else { OnClientDisconnect::Cancel }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_billed_to_the_end_is_read_to_the_end() {
        for (provider, expected) in [
            (ProviderKind::Bedrock, OnClientDisconnect::Drain),
            (ProviderKind::OpenAi, OnClientDisconnect::Cancel),
            (ProviderKind::Anthropic, OnClientDisconnect::Cancel),
            (ProviderKind::OpenAiCompatible, OnClientDisconnect::Cancel),
        ] {
            assert_eq!(provider.on_client_disconnect(), expected, "{provider}");
        }
    }
}
