//! Texts without what has no place in a log: keys and tokens, and the bytes of images, sound and files.

use serde_json::Value;

/// Stands where a secret was.
const SECRET: &str = "[secret left out]";
/// How keys and tokens begin, and how long they are at least.
const SECRETS: &[(&str, usize)] = &[
    ("sk-", 20),
    ("sk_live_", 20),
    ("rk_live_", 20),
    ("AKIA", 20),
    ("ASIA", 20),
    ("AIza", 39),
    ("ghp_", 36),
    ("gho_", 36),
    ("ghs_", 36),
    ("github_pat_", 40),
    ("glpat-", 20),
    ("hf_", 30),
    ("xoxb-", 20),
    ("xoxp-", 20),
    // A JSON web token: `{"` in base64.
    ("eyJ", 60),
];
/// A private key from its first line to its last.
const PRIVATE_KEY: (&str, &str, &str) = ("-----BEGIN ", "PRIVATE KEY-----", "-----END ");
/// Between the kind and the bytes of a `data:` address.
const BASE64: &str = ";base64,";
/// The kind is not longer, in bytes.
const MIME_BYTES_MAX: usize = 100;
/// Members that hold bytes as base64, and how long they are at least.
const BYTES_NAMES: &[&str] = &["data", "file_data", "b64_json"];
const BYTES_MIN: usize = 256;

/// `value` without secrets and without bytes.
#[must_use]
pub fn redact(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(redact_text(&text)),
        Value::Array(items) => items.into_iter().map(redact).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| redact_member(name, value)).collect(),
        other => other,
    }
}

fn redact_member(name: String, value: Value) -> (String, Value) {
    let value = match value {
        Value::String(text) if BYTES_NAMES.contains(&name.as_str()) && is_base64(&text) => {
            Value::String(bytes_note("bytes", text.len()))
        }
        value => redact(value),
    };
    (name, value)
}

fn is_base64(text: &str) -> bool {
    text.len() >= BYTES_MIN && text.bytes().all(is_base64_byte)
}

const fn is_base64_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_')
}

/// `text` without secrets and without bytes.
#[must_use]
pub fn redact_text(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(character) = rest.chars().next() {
        let found = if before.is_ascii_alphanumeric() { None } else { find_at_start(rest) };
        if let Some((length, note)) = found {
            kept.push_str(&note);
            rest = rest.get(length..).unwrap_or_default();
            before = ' ';
            continue;
        }
        kept.push(character);
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
        before = character;
    }
    kept
}

/// The length of what `text` begins with, and what is to stand there instead, if it is to be left out.
fn find_at_start(text: &str) -> Option<(usize, String)> {
    data_address(text).or_else(|| secret(text).or_else(|| private_key(text)).map(|length| (length, SECRET.to_owned())))
}

fn data_address(text: &str) -> Option<(usize, String)> {
    let address = text.strip_prefix("data:")?;
    let head = address.get(..address.floor_char_boundary(MIME_BYTES_MAX))?;
    let mime = head.get(..head.find(BASE64)?).filter(|mime| !mime.contains(char::is_whitespace))?;
    let start = "data:".len() + mime.len() + BASE64.len();
    let bytes = text.get(start..)?.bytes().take_while(|byte| is_base64_byte(*byte)).count();
    Some((start + bytes, bytes_note(mime, bytes)))
}

fn bytes_note(kind: &str, base64_length: usize) -> String {
    format!("[{kind}, about {} bytes left out]", base64_length / 4 * 3)
}

fn secret(text: &str) -> Option<usize> {
    let (prefix, length_min) = SECRETS.iter().find(|(prefix, _)| text.starts_with(prefix))?;
    let is_part =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') || (*prefix == "eyJ" && *byte == b'.');
    let length = text.bytes().take_while(is_part).count();
    (length >= *length_min).then_some(length)
}

fn private_key(text: &str) -> Option<usize> {
    let (begin, kind, end) = PRIVATE_KEY;
    let first_line = text.strip_prefix(begin)?.lines().next()?;
    if !first_line.contains(kind) {
        return None;
    }
    let last_line = text.find(end);
    // One that is cut off is left out to the end.
    Some(
        last_line.map_or(text.len(), |at| at + text.get(at..).and_then(|last| last.lines().next()).map_or(0, str::len)),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_left_out_and_words_stay() {
        let key = format!("sk-{}", "a1B2".repeat(8));
        let token = format!("eyJ{}.eyJ{}.{}", "a".repeat(20), "b".repeat(20), "c".repeat(20));
        for (text, expected) in [
            (format!("my key is {key}, keep it"), format!("my key is {SECRET}, keep it")),
            (format!("\"{key}\"\n{key}"), format!("\"{SECRET}\"\n{SECRET}")),
            (format!("Authorization: Bearer {token}"), format!("Authorization: Bearer {SECRET}")),
            ("AKIAIOSFODNN7EXAMPLE".to_owned(), SECRET.to_owned()),
            (
                "x -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\ny".to_owned(),
                format!("x {SECRET}\ny"),
            ),
            ("a task-oriented disk-based thing, sk-1".to_owned(), "a task-oriented disk-based thing, sk-1".to_owned()),
            ("-----BEGIN CERTIFICATE-----".to_owned(), "-----BEGIN CERTIFICATE-----".to_owned()),
        ] {
            assert_eq!(redact_text(&text), expected);
        }
    }

    #[test]
    fn bytes_become_a_note_of_their_size() {
        let base64 = "QUJD".repeat(1_000);
        let value = json!([
            {"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{base64}")}},
            {"type": "input_audio", "input_audio": {"data": base64, "format": "wav"}},
            {"type": "text", "text": "data: nothing;base64, here", "data": "short"},
        ]);
        assert_eq!(
            redact(value),
            json!([
                {"type": "image_url", "image_url": {"url": "[image/png, about 3000 bytes left out]"}},
                {"type": "input_audio", "input_audio": {"data": "[bytes, about 3000 bytes left out]", "format": "wav"}},
                {"type": "text", "text": "data: nothing;base64, here", "data": "short"},
            ])
        );
    }

    proptest! {
        #[test]
        fn no_key_stays_wherever_it_stands(before in "\\PC{0,40}[ \"':=,(\\n]", after in "[ \"',.)\\n]\\PC{0,40}", key in "[A-Za-z0-9]{24,60}") {
            let text = redact_text(&format!("{before}sk-{key}{after}"));
            prop_assert!(!text.contains(&key), "{text}");
        }

        #[test]
        fn other_text_stays_as_it_is(text in "[a-z ,.\u{e4}\u{4e16}]{0,200}") {
            prop_assert_eq!(redact_text(&text), text);
        }
    }
}
