//! Texts, images, sounds, films and documents as parts.
//!
//! Source: Gemini API documentation, "File input methods" (data in the body, Google's files and buckets, public
//! addresses), "Media resolution".

use super::model::Generation;
use super::wire::{Blob, FileData, MediaResolution, Part};
use crate::provider::chat::content::DataUri;
use crate::provider::chat::{self, Content, FilePart, ImageUrl, Link, LinkKind, Message};
use crate::provider::openai::RequestError;

/// Media types by the ends of names.
const BY_ENDING: [(&str, &str); 22] = [
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("webp", "image/webp"),
    ("gif", "image/gif"),
    ("heic", "image/heic"),
    ("heif", "image/heif"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("md", "text/md"),
    ("csv", "text/csv"),
    ("html", "text/html"),
    ("mp4", "video/mp4"),
    ("mov", "video/quicktime"),
    ("webm", "video/webm"),
    ("mpeg", "video/mpeg"),
    ("wav", "audio/wav"),
    ("mp3", "audio/mp3"),
    ("flac", "audio/flac"),
    ("ogg", "audio/ogg"),
    ("aac", "audio/aac"),
    ("m4a", "audio/m4a"),
];

/// Where Google keeps what it knows by address: files that were uploaded to it, and films.
const GOOGLES_OWN: [&str; 4] = [
    "https://generativelanguage.googleapis.com/",
    "https://www.youtube.com/",
    "https://youtube.com/",
    "https://youtu.be/",
];

/// Whether Google is sent what is linked to: it fetches public addresses itself, but not for models before 2.5, and only
/// where it is told what is there.
pub(super) fn needs_bytes(link: &Link<'_>, model: &str) -> bool {
    if GOOGLES_OWN.iter().any(|own| link.url.starts_with(own)) {
        return false;
    }
    let is_fetched = Generation::of(model) != Generation::Unthinking && link.is_https();
    !is_fetched || link.kind == LinkKind::Audio || media_type(link.url, link.format, link.name).is_none()
}

/// What a message holds. Empty texts are left out: they are refused there.
///
/// # Errors
/// When a part is of a kind that cannot be said, or its data cannot be read.
pub(super) fn parts(content: Option<&Content>, generation: Generation) -> Result<Vec<Part>, RequestError> {
    let parts = match content {
        None => return Ok(Vec::new()),
        Some(Content::Text(text)) if text.is_empty() => return Ok(Vec::new()),
        Some(Content::Text(text)) => return Ok(vec![Part::text(text.clone())]),
        Some(Content::Parts(parts)) => parts,
    };
    let parts = parts.iter().filter(|part| part.text() != Some(""));
    parts.map(|part| self::part(part, generation)).collect()
}

fn part(part: &chat::Part, generation: Generation) -> Result<Part, RequestError> {
    match part {
        chat::Part::Text { text, .. } | chat::Part::Refusal { refusal: text } => Ok(Part::text(text.clone())),
        chat::Part::ImageUrl { image_url, .. } => image(image_url, generation),
        chat::Part::VideoUrl { video_url } => Ok(by_address(&video_url.url, video_url.format.as_deref(), None)),
        chat::Part::InputAudio { input_audio } => {
            let mime_type = format!("audio/{}", input_audio.format);
            Ok(Part::data(Blob { mime_type, data: input_audio.data.clone() }))
        }
        chat::Part::File { file, .. } => document(file),
        chat::Part::Other(fields) => {
            let kind = fields.get("type").and_then(serde_json::Value::as_str).unwrap_or_default();
            Err(wrong(format!("parts of the kind {kind:?} cannot be sent to Gemini")))
        }
    }
}

fn image(image: &ImageUrl, generation: Generation) -> Result<Part, RequestError> {
    let mut part = by_address(&image.url, image.format.as_deref(), None);
    if generation == Generation::Level {
        part.media_resolution = resolution(image).map(|level| MediaResolution { level: level.to_owned() });
    }
    if part.inline_data.is_none() && !image.url.contains("://") {
        return Err(wrong("an image_url's url is neither an address nor a data URI in base64".to_owned()));
    }
    Ok(part)
}

fn document(file: &FilePart) -> Result<Part, RequestError> {
    let name = file.filename.as_deref();
    match (&file.file_data, &file.file_id) {
        (Some(data), _) if data.starts_with("data:") => match DataUri::parse(data) {
            Some(_) => Ok(by_address(data, file.format.as_deref(), name)),
            None => Err(wrong("a file's file_data is a data URI, but not in base64".to_owned())),
        },
        (Some(data), _) => {
            let mime_type = file.format.as_deref().or_else(|| by_ending(name?)).unwrap_or("application/pdf").to_owned();
            Ok(Part::data(Blob { mime_type, data: data.clone() }))
        }
        (None, Some(id)) => Ok(by_address(id, file.format.as_deref(), name)),
        (None, None) => Err(wrong("a file part has neither file_data nor file_id".to_owned())),
    }
}

/// Data from a `data:` URI, or a reference to wherever it is. Google fetches public addresses by itself.
fn by_address(address: &str, format: Option<&str>, name: Option<&str>) -> Part {
    if let Some(uri) = DataUri::parse(address) {
        let mime_type = format.unwrap_or(uri.media_type).to_owned();
        return Part::data(Blob { mime_type, data: uri.data.to_owned() });
    }
    let mime_type = media_type(address, format, name).map(str::to_owned);
    let file_data = Some(FileData { mime_type, file_uri: address.to_owned() });
    Part { file_data, ..Part::default() }
}

/// The media type of what is at `address`: as the client gives it, else by the ends of names.
fn media_type<'a>(address: &str, format: Option<&'a str>, name: Option<&str>) -> Option<&'a str> {
    let path = address.split(['?', '#']).next().unwrap_or(address);
    format.or_else(|| by_ending(path)).or_else(|| by_ending(name?))
}

fn by_ending(name: &str) -> Option<&'static str> {
    let ending = name.rsplit_once('.')?.1.to_ascii_lowercase();
    BY_ENDING.iter().find(|(known, _)| *known == ending).map(|(_, mime_type)| *mime_type)
}

/// How closely all images are looked at, for models that cannot be told for each: as the closest one asks.
pub(super) fn closest_resolution(messages: &[Message]) -> Option<&'static str> {
    let contents = messages.iter().filter_map(|message| match &message.content {
        Some(Content::Parts(parts)) => Some(parts),
        _ => None,
    });
    let levels = contents.flatten().filter_map(|part| match part {
        chat::Part::ImageUrl { image_url, .. } => resolution(image_url),
        _ => None,
    });
    levels.max_by_key(|level| *level == HIGH)
}

const HIGH: &str = "MEDIA_RESOLUTION_HIGH";

fn resolution(image: &ImageUrl) -> Option<&'static str> {
    match image.detail.as_deref()? {
        "high" => Some(HIGH),
        "low" => Some("MEDIA_RESOLUTION_LOW"),
        _ => None,
    }
}

fn wrong(what: String) -> RequestError {
    RequestError { param: Some("messages".into()), message: format!("Invalid 'messages': {what}.") }
}

impl Part {
    fn data(blob: Blob) -> Self {
        Self { inline_data: Some(blob), ..Self::default() }
    }
}
