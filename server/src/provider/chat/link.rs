//! Parts of messages that say where something is instead of what.

use super::content::{Content, DataUri, Part};
use super::request::ChatBody;

/// What is linked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// A picture; LiteLLM's clients send documents as such, too.
    Image,
    /// A film.
    Video,
    /// A sound.
    Audio,
    /// A file of any other kind.
    Document,
}

/// An address on the web in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link<'a> {
    /// `http:…` or `https:…`.
    pub url: &'a str,
    /// What should be there.
    pub kind: LinkKind,
    /// Its media type, where the client says.
    pub format: Option<&'a str>,
    /// Its name, where the client says.
    pub name: Option<&'a str>,
}

impl Link<'_> {
    /// Whether it is fetched without anybody listening.
    #[must_use]
    pub fn is_https(&self) -> bool {
        starts_with(self.url, "https://")
    }
}

/// Formats of sound in OpenAI's words, by media type.
const SOUNDS: [(&str, &str); 6] = [
    ("audio/mpeg", "mp3"),
    ("audio/wav", "wav"),
    ("audio/flac", "flac"),
    ("audio/ogg", "ogg"),
    ("audio/aac", "aac"),
    ("audio/mp4", "m4a"),
];

impl Part {
    /// The address on the web that this part has instead of bytes.
    #[must_use]
    pub fn link(&self) -> Option<Link<'_>> {
        let (kind, url, format, name) = match self {
            Self::ImageUrl { image_url, .. } => (LinkKind::Image, &image_url.url, image_url.format.as_deref(), None),
            Self::VideoUrl { video_url } => (LinkKind::Video, &video_url.url, video_url.format.as_deref(), None),
            Self::InputAudio { input_audio } => (LinkKind::Audio, &input_audio.data, None, None),
            Self::File { file, .. } => {
                let address = file.file_data.as_ref().or(file.file_id.as_ref())?;
                (LinkKind::Document, address, file.format.as_deref(), file.filename.as_deref())
            }
            Self::Text { .. } | Self::Refusal { .. } | Self::Other(_) => return None,
        };
        is_of_the_web(url).then_some(Link { url, kind, format, name })
    }

    /// Puts what was found there, a `data:` URI, in the place of the address.
    pub fn embed(&mut self, data_uri: &str) {
        match self {
            Self::ImageUrl { image_url: media, .. } | Self::VideoUrl { video_url: media } => {
                media.url = data_uri.to_owned();
                media.format = None;
            }
            Self::File { file, .. } => {
                file.file_id = None;
                file.format = None;
                file.file_data = Some(data_uri.to_owned());
            }
            Self::InputAudio { input_audio } => {
                let Some(uri) = DataUri::parse(data_uri) else { return };
                let known = SOUNDS.iter().find(|(media_type, _)| *media_type == uri.media_type);
                if let Some((_, format)) = known {
                    input_audio.format = (*format).to_owned();
                }
                input_audio.data = uri.data.to_owned();
            }
            Self::Text { .. } | Self::Refusal { .. } | Self::Other(_) => {}
        }
    }
}

impl ChatBody {
    /// Everything its messages link to, each with the numbers of its message and its part.
    pub fn links(&self) -> impl Iterator<Item = (usize, usize, Link<'_>)> {
        self.messages.iter().enumerate().flat_map(|(message, one)| {
            let parts = match &one.content {
                Some(Content::Parts(parts)) => parts.as_slice(),
                _ => &[],
            };
            parts.iter().enumerate().filter_map(move |(part, one)| Some((message, part, one.link()?)))
        })
    }

    /// All parts of its messages.
    pub fn parts_mut(&mut self) -> impl Iterator<Item = &mut Part> {
        let contents = self.messages.iter_mut().filter_map(|message| match &mut message.content {
            Some(Content::Parts(parts)) => Some(parts),
            _ => None,
        });
        contents.flatten()
    }
}

/// Schemes may be written in capitals.
fn is_of_the_web(url: &str) -> bool {
    starts_with(url, "http://") || starts_with(url, "https://")
}

fn starts_with(url: &str, scheme: &str) -> bool {
    url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body() -> ChatBody {
        let parts = json!([
            { "type": "text", "text": "https://example.com" },
            { "type": "image_url", "image_url": { "url": "https://example.com/a", "format": "image/png" } },
            { "type": "image_url", "image_url": "data:image/png;base64,QQ==" },
            { "type": "file", "file": { "file_id": "HTTPS://example.com/b.pdf", "filename": "b.pdf" } },
            { "type": "file", "file": { "file_id": "file-1" } },
            { "type": "input_audio", "input_audio": { "data": "http://example.com/c", "format": "wav" } },
            { "type": "video_url", "video_url": { "url": "gs://bucket/d" } },
        ]);
        let messages = json!([{ "role": "system", "content": "x" }, { "role": "user", "content": parts }]);
        serde_json::from_value(json!({ "messages": messages })).unwrap()
    }

    #[test]
    fn links_are_found_and_replaced() {
        let mut body = body();
        let found: Vec<_> =
            body.links().map(|(message, part, link)| (message, part, link.kind, link.url.to_owned())).collect();
        let expected = [
            (1, 1, LinkKind::Image, "https://example.com/a"),
            (1, 3, LinkKind::Document, "HTTPS://example.com/b.pdf"),
            (1, 5, LinkKind::Audio, "http://example.com/c"),
        ];
        assert_eq!(found, expected.map(|(message, part, kind, url)| (message, part, kind, url.to_owned())));
        for part in body.parts_mut().filter(|part| part.link().is_some()) {
            part.embed("data:audio/mpeg;base64,QUJD");
        }
        assert_eq!(body.links().count(), 0);
        let parts = serde_json::to_value(&body).unwrap()["messages"][1]["content"].clone();
        assert_eq!(parts[1]["image_url"], json!({ "url": "data:audio/mpeg;base64,QUJD" }));
        assert_eq!(parts[3]["file"], json!({ "file_data": "data:audio/mpeg;base64,QUJD", "filename": "b.pdf" }));
        assert_eq!(parts[5]["input_audio"], json!({ "data": "QUJD", "format": "mp3" }));
    }
}
