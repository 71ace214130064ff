//! What images, sound and files take at most, in tokens.

use serde_json::Value;

/// The most any known model takes for one image: what is assumed of a model that is not in the table.
const IMAGE_TOKENS_UNKNOWN: u64 = 16_384;
/// Images of the models below, by the beginning of their names, longer beginnings first.
///
/// OpenAI scales an image to 2048 x 2048 pixels, then its shorter side to 768, and counts squares of 512 (8 at most) and
/// a base; its smaller models count patches of 32 x 32 (1536 at most) times a factor. Anthropic counts a token for 750
/// pixels, of which it takes 1.2 million (newer models 3.6 million).
const IMAGE_TOKENS: &[(&str, u64)] = &[
    ("gpt-4o-mini", 2_833 + 8 * 5_667),
    ("gpt-4o", 85 + 8 * 170),
    ("gpt-4-turbo", 85 + 8 * 170),
    ("gpt-4.1-mini", 2_489),
    ("gpt-4.1-nano", 3_779),
    ("gpt-4.1", 85 + 8 * 170),
    ("gpt-4.5", 85 + 8 * 170),
    ("chatgpt-4o", 85 + 8 * 170),
    ("o1", 75 + 8 * 150),
    ("o3", 75 + 8 * 150),
    ("o4-mini", 2_642),
    ("gpt-5-mini", 2_489),
    ("gpt-5-nano", 3_779),
    ("claude-3", 1_600),
    ("claude-", 4_784),
];

/// Tokens of one image at most, for the provider's model of this name.
#[must_use]
pub fn image_tokens_max(model: &str) -> u64 {
    known_image_tokens(model).unwrap_or(IMAGE_TOKENS_UNKNOWN)
}

/// The same where the model is in the table.
pub(super) fn known_image_tokens(model: &str) -> Option<u64> {
    let name = model.rsplit('/').next().unwrap_or(model);
    IMAGE_TOKENS.iter().find(|(beginning, _)| name.starts_with(beginning)).map(|(_, tokens)| *tokens)
}

/// Tokens of a second of sound at most: Gemini's figure; OpenAI's is 10.
const AUDIO_TOKENS_PER_SECOND: u64 = 32;
/// Bytes of a second of sound at least: 8 bits at 8 kHz, and 8 kbit/s, below which nothing can be understood.
const WAV_BYTES_PER_SECOND: u64 = 8_000;
const AUDIO_BYTES_PER_SECOND: u64 = 1_000;
/// A page of a document is read as text and as an image. Those with less in them than this, in bytes, are not found.
const PAGE_BYTES: u64 = 4_096;

/// What a part of a message takes besides text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Media {
    /// Images, and pages of documents, which are read as images as well.
    pub images: u64,
    /// Tokens of sound.
    pub audio: u64,
    /// Tokens of text in documents, where a byte is a token at most.
    pub files: u64,
    /// There is a document whose size is not known here.
    pub has_unknown: bool,
}

impl Media {
    pub(super) fn add(&mut self, other: Self) {
        self.images = self.images.saturating_add(other.images);
        self.audio = self.audio.saturating_add(other.audio);
        self.files = self.files.saturating_add(other.files);
        self.has_unknown |= other.has_unknown;
    }

    /// Tokens at most where an image takes `image_tokens`, without what is unknown.
    #[must_use]
    pub const fn tokens(&self, image_tokens: u64) -> u64 {
        self.images.saturating_mul(image_tokens).saturating_add(self.audio).saturating_add(self.files)
    }
}

/// What a part of a message's content is, where it is not text.
pub(super) fn of_part(part: &Value) -> Option<Media> {
    let text = |place: &str| part.pointer(place).and_then(Value::as_str);
    match part.get("type").and_then(Value::as_str)? {
        "image_url" | "image" | "input_image" => Some(Media { images: 1, ..Media::default() }),
        "input_audio" => {
            let is_wav = text("/input_audio/format") == Some("wav");
            let per_second = if is_wav { WAV_BYTES_PER_SECOND } else { AUDIO_BYTES_PER_SECOND };
            let seconds = decoded_bytes(text("/input_audio/data").unwrap_or_default()).div_ceil(per_second);
            Some(Media { audio: seconds.saturating_mul(AUDIO_TOKENS_PER_SECOND), ..Media::default() })
        }
        "file" | "input_file" => {
            let data = text("/file/file_data").or_else(|| text("/file_data"));
            Some(data.map_or(Media { has_unknown: true, ..Media::default() }, |data| {
                let bytes = decoded_bytes(data);
                Media { images: bytes.div_ceil(PAGE_BYTES), files: bytes, ..Media::default() }
            }))
        }
        _ => None,
    }
}

/// Bytes behind base64, with or without `data:…;base64,` before it; never less than there are.
fn decoded_bytes(base64: &str) -> u64 {
    let digits = base64.rsplit(',').next().unwrap_or(base64).len();
    u64::try_from(digits).unwrap_or(u64::MAX).div_ceil(4).saturating_mul(3)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn images_take_what_their_model_says() {
        for (model, tokens) in [
            ("gpt-4o-2024-08-06", 1_445),
            ("gpt-4o-mini", 48_169),
            ("openai/gpt-4o-mini", 48_169),
            ("o1-preview", 1_275),
            ("nobody-knows", 16_384),
        ] {
            assert_eq!(image_tokens_max(model), tokens, "{model}");
        }
    }

    #[test]
    fn sound_takes_its_length_and_a_file_its_size() {
        let audio = |format: &str| {
            let part = json!({"type": "input_audio", "input_audio": {"data": "A".repeat(32_000), "format": format}});
            of_part(&part).unwrap().audio
        };
        assert_eq!((audio("wav"), audio("mp3")), (3 * 32, 24 * 32));
        let file = json!({"type": "file", "file": {"file_data": format!("data:application/pdf;base64,{}", "A".repeat(16_000))}});
        assert_eq!(of_part(&file).unwrap(), Media { images: 3, files: 12_000, ..Media::default() });
        let known_there = json!({"type": "file", "file": {"file_id": "file-1"}});
        assert!(of_part(&known_there).unwrap().has_unknown);
        assert_eq!(of_part(&json!({"type": "text", "text": "hi"})), None);
    }
}
