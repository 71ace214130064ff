//! Ids of responses as clients know them: they say which deployment keeps the response, and nobody but its owner can use
//! them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use crate::crypto;
use crate::policy::Policy;
use crate::provider::responses::ids::Rename;

/// What OpenAI's ids of responses begin with.
const PREFIX: &str = "resp_";
/// Bytes of the seal: as many as nobody guesses.
const SEAL_BYTES: usize = 16;
/// Tells this use of the key from others.
const PURPOSE: &[u8] = b"tollgate response id 1";
/// Between the deployment and the provider's id.
const SEPARATOR: u8 = 0;

/// Makes and opens them.
#[derive(Clone)]
pub struct ResponseIds(crypto::MacKey);

/// Who keeps a response, and under which id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Kept {
    /// The deployment's id.
    pub(in crate::gateway) deployment: String,
    /// The provider's id of the response.
    pub(in crate::gateway) response: String,
}

/// Whose responses are whose: those of a user in a team, of a user, of a team, or of a key that belongs to nobody.
pub(in crate::gateway) fn owner(policy: &Policy) -> String {
    match (&policy.team_id, &policy.user_id) {
        (None, None) => format!("key\0{}", policy.token),
        (team, user) => {
            format!("team\0{}\0{}", team.as_deref().unwrap_or_default(), user.as_deref().unwrap_or_default())
        }
    }
}

impl std::fmt::Debug for ResponseIds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResponseIds")
    }
}

impl ResponseIds {
    /// Ids under this installation's secret.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self(crypto::MacKey::new(secret))
    }

    /// The id that `owner` is told of a response.
    pub(in crate::gateway) fn seal(&self, owner: &str, kept: &Kept) -> String {
        let place = [kept.deployment.as_bytes(), kept.response.as_bytes()].join(&SEPARATOR);
        let sealed = [&self.seal_of(owner, &place)[..], &place].concat();
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(sealed))
    }

    /// What an id of `owner`'s says; `None` where it is not theirs, or none of ours.
    pub(in crate::gateway) fn open(&self, owner: &str, id: &str) -> Option<Kept> {
        let sealed = URL_SAFE_NO_PAD.decode(id.strip_prefix(PREFIX)?).ok()?;
        let (seal, place) = sealed.split_at_checked(SEAL_BYTES)?;
        if !bool::from(self.seal_of(owner, place).as_slice().ct_eq(seal)) {
            return None;
        }
        let at = memchr::memchr(SEPARATOR, place)?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_owned()).ok();
        Some(Kept { deployment: text(place.get(..at)?)?, response: text(place.get(at + 1..)?)? })
    }

    fn seal_of(&self, owner: &str, place: &[u8]) -> Vec<u8> {
        let mac = self.0.mac(&[PURPOSE, owner.as_bytes(), place]);
        mac.into_iter().take(SEAL_BYTES).collect()
    }
}

/// The ids of one answer.
#[derive(Debug)]
pub(in crate::gateway) struct Sealing {
    pub(in crate::gateway) ids: ResponseIds,
    pub(in crate::gateway) owner: String,
    /// Who keeps the response.
    pub(in crate::gateway) deployment: String,
}

impl Rename for Sealing {
    fn rename(&self, native: &str) -> String {
        let kept = Kept { deployment: self.deployment.clone(), response: native.to_owned() };
        self.ids.seal(&self.owner, &kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_opens_for_its_owner_alone() {
        let ids = ResponseIds::new("secret");
        let kept = Kept { deployment: "one".to_owned(), response: "resp_1".to_owned() };
        let id = ids.seal("a", &kept);
        assert_eq!(ids.open("a", &id), Some(kept));
        assert_eq!(ids.open("b", &id), None);
        assert_eq!(ResponseIds::new("other").open("a", &id), None);
        assert_eq!(ids.open("a", "resp_1"), None);
        assert_eq!(ids.open("a", ""), None);
        for at in PREFIX.len()..id.len() {
            let mut changed = id.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(ids.open("a", &changed), None, "{at}");
        }
    }
}
