//! Parts of messages as blocks.

use std::collections::HashSet;

use serde_json::Value;

use super::model::Model;
use super::wire::{Block, CachePoint, Document, GuardContent, Media, Source};
use crate::provider::chat::content::DataUri;
use crate::provider::chat::{Content, FilePart, ImageUrl, InputAudio, Part};
use crate::provider::openai::RequestError;

/// A document's name is cut to this, in characters.
const NAME_CHARS_MAX: usize = 200;

/// Formats of images, videos and documents, by media type and by the end of a name; the first of each is Bedrock's word.
const IMAGES: &[&[&str]] = &[
    &["png", "image/png"],
    &["jpeg", "image/jpeg", "image/jpg", "jpg"],
    &["gif", "image/gif"],
    &["webp", "image/webp"],
];
const VIDEOS: &[&[&str]] = &[
    &["mp4", "video/mp4"],
    &["mov", "video/quicktime"],
    &["mkv", "video/x-matroska"],
    &["webm", "video/webm"],
    &["flv", "video/x-flv"],
    &["mpeg", "video/mpeg"],
    &["mpg", "video/mpg"],
    &["wmv", "video/x-ms-wmv"],
    &["three_gp", "video/3gpp", "3gp"],
];
const DOCUMENTS: &[&[&str]] = &[
    &["pdf", "application/pdf"],
    &["csv", "text/csv"],
    &["doc", "application/msword"],
    &["docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
    &["xls", "application/vnd.ms-excel"],
    &["xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
    &["html", "text/html", "htm"],
    &["md", "text/markdown"],
    &["txt", "text/plain", "application/json", "json"],
];
const SOUNDS: &[&[&str]] = &[
    &["mp3", "audio/mpeg", "audio/mp3"],
    &["wav", "audio/wav", "audio/x-wav"],
    &["flac"],
    &["opus"],
    &["ogg"],
    &["aac"],
    &["m4a"],
    &["pcm", "pcm16"],
];

/// Turns parts into blocks; remembers the names of documents, which have to differ.
#[derive(Debug)]
pub(super) struct Blocks<'a> {
    pub(super) model: &'a Model,
    names: HashSet<String>,
}

impl<'a> Blocks<'a> {
    pub(super) fn new(model: &'a Model) -> Self {
        Self { model, names: HashSet::new() }
    }

    /// The blocks of some content. Blank text is left out: Bedrock refuses it.
    pub(super) fn of(&mut self, content: &Content) -> Result<Vec<Block>, RequestError> {
        let mut blocks = Vec::new();
        match content {
            Content::Text(text) => blocks.extend(text_block(text)),
            Content::Parts(parts) => {
                for part in parts {
                    let block = self.part(part)?;
                    let cached = block.is_some().then(|| cache_control(part)).flatten();
                    blocks.extend(block);
                    blocks.extend(self.cache_point(cached).map(Block::CachePoint));
                }
            }
        }
        Ok(blocks)
    }

    /// The mark that Anthropic's `cache_control` stands for, where the model takes one.
    pub(super) fn cache_point(&self, control: Option<&Value>) -> Option<CachePoint> {
        let control = control.filter(|control| control.is_object() && self.model.takes_cache_points())?;
        let is_hour = control.get("ttl").and_then(Value::as_str) == Some("1h");
        Some(CachePoint { kind: "default", ttl: (is_hour && self.model.caches_an_hour()).then_some("1h") })
    }

    fn part(&mut self, part: &Part) -> Result<Option<Block>, RequestError> {
        match part {
            Part::Text { text, .. } | Part::Refusal { refusal: text } => Ok(text_block(text)),
            Part::ImageUrl { image_url, .. } => self.image(image_url).map(Some),
            Part::VideoUrl { video_url } => {
                let (format, source) = named_media("video", VIDEOS, &video_url.url, video_url.format.as_deref())?;
                Ok(Some(Block::Video(Media { format, source })))
            }
            Part::InputAudio { input_audio } => sound(input_audio).map(Some),
            Part::File { file, .. } => self.document(file).map(Some),
            Part::Other(fields) => match fields.get("type").and_then(Value::as_str) {
                // LiteLLM's word for text that a guardrail is to judge.
                Some("guarded_text") => {
                    let text = fields.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
                    Ok(Some(Block::GuardContent(GuardContent::Text { text })))
                }
                kind => {
                    Err(bad_part(format!("bedrock takes no content part of the type {:?}", kind.unwrap_or_default())))
                }
            },
        }
    }

    fn image(&mut self, image: &ImageUrl) -> Result<Block, RequestError> {
        // LiteLLM's clients send documents as images, too.
        let kind = image.format.as_deref().or_else(|| DataUri::parse(&image.url).map(|uri| uri.media_type));
        if kind.is_some_and(|kind| find(DOCUMENTS, kind).is_some()) {
            let format = image.format.clone();
            return self.document(&FilePart { file_data: Some(image.url.clone()), format, ..FilePart::default() });
        }
        let (format, source) = named_media("image", IMAGES, &image.url, image.format.as_deref())?;
        Ok(Block::Image(Media { format, source }))
    }

    fn document(&mut self, file: &FilePart) -> Result<Block, RequestError> {
        let address = file.file_data.as_deref().or(file.file_id.as_deref()).unwrap_or_default();
        let named = file.format.as_deref().or_else(|| file.filename.as_deref().and_then(extension));
        let (format, source) = match (DataUri::parse(address), file.file_data.as_deref()) {
            (None, Some(data)) if !data.contains(':') => {
                // Plain base64, as OpenAI's older clients send it.
                let format =
                    named.and_then(|kind| find(DOCUMENTS, kind)).ok_or_else(|| unknown_kind("document", named))?;
                (format, Source::Bytes(data.to_owned()))
            }
            _ => named_media("document", DOCUMENTS, address, named)?,
        };
        let name = self.document_name(file.filename.as_deref());
        Ok(Block::Document(Document { format, name, source }))
    }

    /// A name of the characters that Bedrock allows, which no other document of the request has.
    fn document_name(&mut self, filename: Option<&str>) -> String {
        let stem = filename.map(|name| name.rsplit_once('.').map_or(name, |(stem, _)| stem)).unwrap_or_default();
        let allowed = |c: char| if c.is_ascii_alphanumeric() || "-()[]".contains(c) { c } else { ' ' };
        let words: String = stem.chars().map(allowed).take(NAME_CHARS_MAX).collect();
        let name = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let name = if name.is_empty() { "document".to_owned() } else { name };
        let names = std::iter::once(name.clone()).chain((2_u64..).map(|number| format!("{name} {number}")));
        for name in names {
            if self.names.insert(name.clone()) {
                return name;
            }
        }
        name
    }
}

/// Text, unless it is blank.
pub(super) fn text_block(text: &str) -> Option<Block> {
    (!text.trim().is_empty()).then(|| Block::Text(text.to_owned()))
}

fn cache_control(part: &Part) -> Option<&Value> {
    match part {
        Part::Text { cache_control, .. } | Part::ImageUrl { cache_control, .. } | Part::File { cache_control, .. } => {
            cache_control.as_ref()
        }
        Part::Other(fields) => fields.get("cache_control"),
        _ => None,
    }
}

fn sound(audio: &InputAudio) -> Result<Block, RequestError> {
    let format = find(SOUNDS, &audio.format).ok_or_else(|| unknown_kind("sound", Some(&audio.format)))?;
    Ok(Block::Audio(Media { format, source: Source::Bytes(audio.data.clone()) }))
}

/// Format and source of what an address or a data URI holds; `named` is the format the client gives.
fn named_media(
    what: &str,
    formats: &[&[&'static str]],
    address: &str,
    named: Option<&str>,
) -> Result<(&'static str, Source), RequestError> {
    if let Some(uri) = DataUri::parse(address) {
        let format = find(formats, uri.media_type).or_else(|| named.and_then(|kind| find(formats, kind)));
        let format = format.ok_or_else(|| unknown_kind(what, Some(uri.media_type)))?;
        return Ok((format, Source::Bytes(uri.data.to_owned())));
    }
    if address.starts_with("s3://") {
        let kind = named.or_else(|| extension(address));
        let format = kind.and_then(|kind| find(formats, kind)).ok_or_else(|| unknown_kind(what, kind))?;
        return Ok((format, Source::S3Location { uri: address.to_owned() }));
    }
    Err(bad_part(format!(
        "bedrock takes a {what} as a data URI in base64 (data:…;base64,…) or from S3 (s3://…), not by another address"
    )))
}

/// Bedrock's word for a media type or the end of a name.
fn find(formats: &[&[&'static str]], kind: &str) -> Option<&'static str> {
    let kind = kind.to_ascii_lowercase();
    formats.iter().find(|names| names.contains(&kind.as_str())).and_then(|names| names.first().copied())
}

fn extension(name: &str) -> Option<&str> {
    name.rsplit_once('.').map(|(_, end)| end)
}

fn unknown_kind(what: &str, kind: Option<&str>) -> RequestError {
    match kind {
        Some(kind) => bad_part(format!("bedrock takes no {what} of the type {kind:?}")),
        None => {
            bad_part(format!("the type of a {what} is not known; give its data URI a media type or its file a name"))
        }
    }
}

fn bad_part(message: String) -> RequestError {
    RequestError { param: Some("messages".into()), message: format!("messages: {message}.") }
}
