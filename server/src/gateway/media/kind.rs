//! What was fetched, by its first bytes: what a server calls it is believed only of what has no such mark.

use crate::provider::chat::LinkKind;

/// How formats begin: where, with what, and which they are.
const MARKS: &[(usize, &[u8], &str)] = &[
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypheix", "image/heic"),
    (4, b"ftypmif1", "image/heif"),
    (0, b"%PDF-", "application/pdf"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf2", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"\xff\xf1", "audio/aac"),
    (0, b"\xff\xf9", "audio/aac"),
    (4, b"ftypM4A ", "audio/mp4"),
    (4, b"ftypqt  ", "video/quicktime"),
    (4, b"ftyp3g", "video/3gpp"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"\x00\x00\x01\xba", "video/mpeg"),
    (0, b"\x30\x26\xb2\x75", "video/x-ms-wmv"),
];

/// Texts: by media type and by the end of a name.
const TEXTS: &[(&str, &[&str])] = &[
    ("text/plain", &["txt", "log"]),
    ("text/csv", &["csv"]),
    ("text/html", &["html", "htm"]),
    ("text/markdown", &["md"]),
    ("application/json", &["json"]),
];

/// Documents of office programs, likewise, and how they begin: as archives, or in the older form.
const OFFICE: &[(&str, &str, &[u8])] = &[
    ("application/msword", "doc", OLD),
    ("application/vnd.ms-excel", "xls", OLD),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx", ARCHIVE),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", ARCHIVE),
];
const ARCHIVE: &[u8] = b"PK\x03\x04";
const OLD: &[u8] = b"\xd0\xcf\x11\xe0";

/// The media type of `bytes` where that is one that may be linked to as a `kind`; `named` says what it is called.
pub(super) fn of<'a>(kind: LinkKind, bytes: &[u8], named: impl Iterator<Item = &'a str>) -> Option<&'static str> {
    let found = marked(bytes).or_else(|| named.filter_map(|name| unmarked(bytes, name)).next())?;
    let is_expected = match kind {
        // Documents are sent as images, too.
        LinkKind::Image => found.starts_with("image/") || found == "application/pdf",
        LinkKind::Video => found.starts_with("video/"),
        LinkKind::Audio => found.starts_with("audio/"),
        LinkKind::Document => !found.starts_with("video/") && !found.starts_with("audio/"),
    };
    is_expected.then_some(found)
}

fn marked(bytes: &[u8]) -> Option<&'static str> {
    let is_marked = |(at, mark, _): &&(usize, &[u8], &str)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(mark));
    MARKS.iter().find(is_marked).map(|(_, _, media_type)| *media_type)
}

fn unmarked(bytes: &[u8], name: &str) -> Option<&'static str> {
    if let Some((media_type, ..)) = OFFICE.iter().find(|(known, _, begin)| *known == name && bytes.starts_with(begin)) {
        return Some(media_type);
    }
    let (media_type, _) = TEXTS.iter().find(|(known, _)| *known == name)?;
    std::str::from_utf8(bytes).ok().map(|_| *media_type)
}

/// The media type that the end of an address tells, of what bytes do not tell.
pub(super) fn by_ending(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next()?;
    let ending = path.rsplit('/').next()?.rsplit_once('.')?.1.to_ascii_lowercase();
    let text = TEXTS.iter().find(|(_, endings)| endings.contains(&&*ending)).map(|(media_type, _)| *media_type);
    text.or_else(|| OFFICE.iter().find(|(_, known, _)| *known == ending).map(|(media_type, ..)| *media_type))
}

/// What servers are asked for.
pub(super) const fn accept(kind: LinkKind) -> &'static str {
    match kind {
        LinkKind::Image => "image/png,image/jpeg,image/gif,image/webp,application/pdf;q=0.5",
        LinkKind::Video => "video/*",
        LinkKind::Audio => "audio/*",
        LinkKind::Document => "*/*",
    }
}

/// What a link has to lead to, for people.
pub(super) const fn expected(kind: LinkKind) -> &'static str {
    match kind {
        LinkKind::Image => "an image in PNG, JPEG, GIF or WebP",
        LinkKind::Video => "a video that is known here",
        LinkKind::Audio => "a sound in MP3, WAV, FLAC, Ogg, AAC or M4A",
        LinkKind::Document => "a document that is known here: a PDF, a text or one of an office program",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_is_follows_from_its_bytes_and_only_then_from_its_name() {
        use LinkKind as K;
        for (kind, bytes, names, expected) in [
            (K::Image, &b"\x89PNG\r\n\x1a\n...."[..], &["text/html"][..], Some("image/png")),
            (K::Image, b"\xff\xd8\xff\xe0", &[], Some("image/jpeg")),
            (K::Image, b"RIFF\x10\0\0\0WEBPVP8 ", &[], Some("image/webp")),
            (K::Image, b"RIFF\x10\0\0\0WAVEfmt ", &["image/webp"], None),
            (K::Image, b"<html>", &["image/png"], None),
            (K::Image, b"<html>", &["text/html"], None),
            (K::Image, b"%PDF-1.7", &[], Some("application/pdf")),
            (K::Document, b"<html>", &["text/html"], Some("text/html")),
            (K::Document, b"a,b", &["application/octet-stream", "text/csv"], Some("text/csv")),
            (K::Document, b"\xff\x00", &["text/csv"], None),
            (K::Document, b"PK\x03\x04..", &["application/zip"], None),
            (K::Document, b"ID3..", &["text/plain"], None),
            (K::Audio, b"ID3..", &[], Some("audio/mpeg")),
            (K::Audio, b"\0\0\0\x20ftypM4A ", &[], Some("audio/mp4")),
            (K::Video, b"\0\0\0\x20ftypisom", &["image/png"], Some("video/mp4")),
            (K::Image, b"", &["image/png"], None),
        ] {
            assert_eq!(of(kind, bytes, names.iter().copied()), expected, "{kind:?} {bytes:?}");
        }
        let docx = OFFICE[2].0;
        assert_eq!(of(K::Document, b"PK\x03\x04..", [docx].into_iter()), Some(docx));
        assert_eq!(by_ending("https://x/a.b/c.MD?x=1"), Some("text/markdown"));
        assert_eq!(by_ending("https://x.md/"), None);
    }
}
