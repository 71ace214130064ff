//! What a message says.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Text, or parts of several kinds.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(untagged, expecting = "expected a text, or a list of parts")]
#[expect(missing_docs, reason = "one or several")]
pub enum Content {
    Text(String),
    Parts(Vec<Part>),
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields are OpenAI's, documented there")]
pub enum Part {
    Text {
        text: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cache_control: Option<Value>,
    },
    ImageUrl {
        image_url: ImageUrl,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cache_control: Option<Value>,
    },
    InputAudio {
        input_audio: InputAudio,
    },
    File {
        file: FilePart,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cache_control: Option<Value>,
    },
    /// Not OpenAI's: what LiteLLM takes for Gemini.
    VideoUrl {
        video_url: ImageUrl,
    },
    Refusal {
        refusal: String,
    },
    /// A kind this gateway does not know.
    #[serde(untagged)]
    Other(Map<String, Value>),
}

/// An image, by address or as a `data:` URI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImageUrl {
    /// `https:…`, `data:image/png;base64,…`, or what a provider has of its own (`gs:…`).
    pub url: String,
    /// `low`, `high` or `auto`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The media type, where the address does not tell it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// A sound.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct InputAudio {
    /// Base64.
    pub data: String,
    /// `wav` or `mp3`.
    pub format: String,
}

/// A document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct FilePart {
    /// The provider's id of one it keeps, or an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_id: Option<String>,
    /// A `data:` URI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_data: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Its media type, where neither name nor URI tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

impl Content {
    /// Its parts; plain text is one.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        match self {
            Self::Text(text) => vec![Part::Text { text: text.clone(), cache_control: None }],
            Self::Parts(parts) => parts.clone(),
        }
    }

    /// All its text, one part after the other.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Parts(parts) => parts.iter().filter_map(Part::text).collect(),
        }
    }
}

impl Part {
    /// Takes Anthropic's mark away.
    pub fn forget_cache(&mut self) {
        if let Self::Text { cache_control, .. }
        | Self::ImageUrl { cache_control, .. }
        | Self::File { cache_control, .. } = self
        {
            *cache_control = None;
        }
    }

    /// The text of a text part.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text { text, .. } | Self::Refusal { refusal: text } => Some(text),
            _ => None,
        }
    }
}

/// A `data:` URI taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataUri<'a> {
    /// Media type.
    pub media_type: &'a str,
    /// Base64.
    pub data: &'a str,
}

impl<'a> DataUri<'a> {
    /// Takes `uri` apart (RFC 2397); `None` where it is none, or not in base64.
    #[must_use]
    pub fn parse(uri: &'a str) -> Option<Self> {
        let (kind, data) = uri.strip_prefix("data:")?.split_once(',')?;
        let media_type = kind.strip_suffix(";base64")?;
        let media_type = media_type.split(';').next().filter(|name| !name.is_empty());
        Some(Self { media_type: media_type.unwrap_or("application/octet-stream"), data })
    }
}

impl<'de> Deserialize<'de> for ImageUrl {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// Some clients send the address alone.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Wire {
            Address(String),
            Whole { url: String, detail: Option<String>, format: Option<String> },
        }
        Ok(match Wire::deserialize(deserializer)? {
            Wire::Address(url) => Self { url, detail: None, format: None },
            Wire::Whole { url, detail, format } => Self { url, detail, format },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_uri_is_taken_apart() {
        let uri = DataUri::parse("data:image/png;charset=x;base64,QUJD");
        assert_eq!(uri, Some(DataUri { media_type: "image/png", data: "QUJD" }));
        assert_eq!(DataUri::parse("data:;base64,").map(|uri| uri.media_type), Some("application/octet-stream"));
        assert_eq!(DataUri::parse("https://example.com/a.png"), None);
        assert_eq!(DataUri::parse("data:text/plain,hello"), None);
    }

    #[test]
    fn parts_of_every_kind_are_read_and_unknown_ones_kept() {
        let json = r#"[{"type":"text","text":"a"},{"type":"image_url","image_url":"https://x/y.png"},
            {"type":"input_audio","input_audio":{"data":"QQ==","format":"wav"}},{"type":"new_kind","x":1}]"#;
        let content: Content = serde_json::from_str(json).unwrap();
        let parts = content.parts();
        assert!(matches!(parts.first(), Some(Part::Text { text, .. }) if text == "a"));
        assert!(matches!(parts.get(1), Some(Part::ImageUrl { image_url, .. }) if image_url.url == "https://x/y.png"));
        assert!(matches!(parts.get(2), Some(Part::InputAudio { .. })));
        assert!(matches!(parts.get(3), Some(Part::Other(fields)) if fields.contains_key("x")));
    }
}
