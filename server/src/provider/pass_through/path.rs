//! A path of a provider's API, as a client sent it.

use std::ops::Range;

use percent_encoding::percent_decode_str;

use super::ModelPlace;
use crate::provider::openai::RequestError;

/// How often a part of a path may be encoded again before it is not looked into any more, and refused.
const ENCODINGS_MAX: usize = 3;

/// A path that leads nowhere but below the address it is added to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NativePath(String);

impl NativePath {
    /// Takes a path as it came, encoded.
    ///
    /// # Errors
    /// When it might lead elsewhere: it has parts that mean the folder above, however they are written.
    pub fn new(raw: &str) -> Result<Self, RequestError> {
        let parts = raw.strip_prefix('/').ok_or_else(refused)?.split('/');
        let count = parts.clone().count();
        for (index, part) in parts.enumerate() {
            // A slash may stand at the end.
            let is_empty = part.is_empty() && index + 1 < count;
            if is_empty || !is_safe(part) {
                return Err(refused());
            }
        }
        Ok(Self(raw.to_owned()))
    }

    /// As it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its first part where that is a version of an API, such as `v1beta`.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        let first = self.0.get(1..)?.split('/').next()?;
        is_version(first).then_some(first)
    }

    /// Where it names a model, and which.
    #[must_use]
    pub fn model(&self, place: ModelPlace) -> Option<(Range<usize>, String)> {
        let at = span_of_model(&self.0, place)?;
        let name = percent_decode_str(self.0.get(at.clone())?).decode_utf8().ok()?.into_owned();
        (!name.is_empty()).then_some((at, name))
    }

    /// Whether a model that the body names is the one that is called: elsewhere the provider goes by the path alone.
    #[must_use]
    pub fn model_may_be_in_body(&self, place: ModelPlace) -> bool {
        const PARTS: [&str; 2] = ["openai", "openapi"];
        place == ModelPlace::Body || self.0.split('/').any(|part| PARTS.iter().any(|known| is_same(part, known)))
    }

    /// The same path with another model, given as it is written in a path.
    #[must_use]
    pub fn with_model(&self, at: Range<usize>, encoded: &str) -> Self {
        let mut path = self.0.clone();
        path.replace_range(at, encoded);
        Self(path)
    }

    /// The same path, written anew; `path` is made of parts of such paths.
    pub(super) const fn from_parts(path: String) -> Self {
        Self(path)
    }
}

/// Where the part of `path` stands that names a model.
pub(super) fn span_of_model(path: &str, place: ModelPlace) -> Option<Range<usize>> {
    let ModelPlace::Path { folders, has_verb } = place else { return None };
    let mut start = 0;
    let mut is_next = false;
    for part in path.split('/') {
        if is_next && !part.is_empty() {
            let verb = if has_verb { part.rfind(':') } else { None };
            return Some(start..start + verb.unwrap_or(part.len()));
        }
        is_next = folders.iter().any(|folder| is_same(part, folder));
        start += part.len() + 1;
    }
    None
}

/// Whether a provider may read this part of a path as `known`: encoded, or in other letters.
fn is_same(part: &str, known: &str) -> bool {
    part.eq_ignore_ascii_case(known) || {
        let decoded = percent_decode_str(part).decode_utf8_lossy();
        decoded != part && is_same(&decoded, known)
    }
}

/// `v1`, `v2`, `v1beta1` and their like.
pub(super) fn is_version(part: &str) -> bool {
    let rest = part.strip_prefix('v').unwrap_or_default();
    rest.starts_with(|c: char| c.is_ascii_digit()) && rest.chars().all(|c| c.is_ascii_alphanumeric())
}

fn is_safe(part: &str) -> bool {
    let mut part = part.to_owned();
    for _ in 0..=ENCODINGS_MAX {
        let is_plain = |byte: u8| !byte.is_ascii_control() && byte != b'\\';
        // Some servers read what follows a semicolon as a parameter of the part.
        let climbs = |piece: &str| matches!(piece.split(';').next().unwrap_or(piece).trim(), "." | "..");
        if !part.bytes().all(is_plain) || part.split('/').any(climbs) {
            return false;
        }
        let Ok(decoded) = percent_decode_str(&part).decode_utf8() else { return false };
        if decoded == part.as_str() {
            return true;
        }
        part = decoded.into_owned();
    }
    false
}

fn refused() -> RequestError {
    let message = "The path has parts that are empty, climb up, or are no text: it is not passed on.".to_owned();
    RequestError { param: None, message }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::Url;

    use super::*;

    #[test]
    fn paths_that_may_lead_elsewhere_are_refused() {
        for path in [
            "/v1/messages",
            "/v1/files/",
            "/",
            "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.meta/converse",
            "/v1beta/models/gemini-2.5-flash:generateContent",
            "/v1/files/a..b/...",
        ] {
            assert!(NativePath::new(path).is_ok(), "{path}");
        }
        for path in [
            "",
            "v1",
            "//evil.example/x",
            "/v1//x",
            "/../x",
            "/v1/../x",
            "/v1/./x",
            "/v1/..",
            "/v1/%2e%2e/x",
            "/v1/%2E./x",
            "/v1/%252e%252e/x",
            "/v1/a%2f..%2fb",
            "/v1/..;x=1/y",
            "/v1/..%3b/y",
            "/v1\\..\\x",
            "/v1/%5c..%5c",
            "/v1/%00",
            "/v1/%0d%0aHost:%20x",
            "/v1/%ff",
            "/v1/%25252525252e",
        ] {
            assert!(NativePath::new(path).is_err(), "{path}");
        }
    }

    const fn plain(folders: &'static [&'static str]) -> ModelPlace {
        ModelPlace::Path { folders, has_verb: false }
    }

    #[test]
    fn only_paths_of_openais_may_name_their_model_in_the_body() {
        for (path, place, expected) in [
            ("/v1/messages", ModelPlace::Body, true),
            ("/openai/v1/chat/completions", plain(&["deployments"]), true),
            ("/v1beta/openai/chat/completions", plain(&["models"]), true),
            ("/v1/projects/p/locations/l/endpoints/openapi/chat/completions", plain(&["models"]), true),
            ("/async-invoke", plain(&["model"]), false),
        ] {
            assert_eq!(NativePath::new(path).unwrap().model_may_be_in_body(place), expected, "{path}");
        }
    }

    #[test]
    fn models_are_found_in_paths() {
        let google = ModelPlace::Path { folders: &["models", "tunedModels"], has_verb: true };
        let (bedrock, azure) = (plain(&["model"]), plain(&["deployments"]));
        for (path, place, expected) in [
            ("/v1beta/models/gemini-2.5-flash:generateContent", google, Some("gemini-2.5-flash")),
            ("/v1beta/models/gemini-2.5-flash", google, Some("gemini-2.5-flash")),
            ("/v1beta/tunedModels/mine-1:generateContent", google, Some("mine-1")),
            ("/v1beta/models", google, None),
            ("/v1beta/models/", google, None),
            ("/v1beta/files", google, None),
            ("/model/us.anthropic.claude-x-v1%3A0/converse", bedrock, Some("us.anthropic.claude-x-v1:0")),
            ("/model/us.anthropic.claude-x-v1:0/converse", bedrock, Some("us.anthropic.claude-x-v1:0")),
            ("/openai/deployments/my-gpt/chat/completions", azure, Some("my-gpt")),
            ("/openai/Deployments/my-gpt/chat/completions", azure, Some("my-gpt")),
            ("/openai/deployment%73/my-gpt/chat/completions", azure, Some("my-gpt")),
            ("/openai/deployment%2573/my-gpt/chat/completions", azure, Some("my-gpt")),
            ("/v1beta/tunedmodel%53/a:b:generateContent", google, Some("a:b")),
            ("/v1/messages", ModelPlace::Body, None),
        ] {
            let path = NativePath::new(path).unwrap();
            assert_eq!(path.model(place).map(|(_, name)| name).as_deref(), expected, "{path:?}");
        }
        let path = NativePath::new("/v1beta/models/fast:countTokens").unwrap();
        let (at, _) = path.model(google).unwrap();
        assert_eq!(path.with_model(at, "gemini-2.5-pro").as_str(), "/v1beta/models/gemini-2.5-pro:countTokens");
        assert_eq!(path.version(), Some("v1beta"));
        assert_eq!(NativePath::new("/video/1").unwrap().version(), None);
    }

    proptest! {
        #[test]
        fn what_is_taken_stays_below_its_address(raw in "/([a-z.%2eEfF5cC/\\\\;:]{0,12}|\\PC{0,20})") {
            let Ok(path) = NativePath::new(&raw) else { return Ok(()) };
            let mut url = Url::parse("https://provider.example/base/").unwrap();
            url.set_path(&format!("/base{}", path.as_str()));
            prop_assert_eq!(url.host_str(), Some("provider.example"));
            prop_assert!(url.path().starts_with("/base/"), "{} became {}", raw, url);
            drop(path.model(plain(&["models", "a"])));
        }
    }
}
