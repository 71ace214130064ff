//! Streams: one snapshot each, the same wherever the stream is cut.

use super::wire::{Said, Way, said};
use super::{assert_golden, deployment, fixtures, wire};
use crate::domain::usage::Usage;
use crate::router::Deployment;

/// A fixture: its name, whose it is, and its bytes.
pub(super) struct Stream {
    pub(super) name: String,
    pub(super) deployment: Deployment,
    pub(super) bytes: Vec<u8>,
}

/// All fixtures. `provider.case.ext`; those of AWS have a line an event.
pub(super) fn streams() -> Vec<Stream> {
    let read = |(name, path): (String, std::path::PathBuf)| {
        let provider = name.split('.').next().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let is_frames = path.extension().is_some_and(|ending| ending == "jsonl") && provider.starts_with("bedrock");
        let bytes = if is_frames { wire::aws_frames(&text) } else { text.into_bytes() };
        Stream { deployment: deployment(provider), name, bytes }
    };
    fixtures("streams").into_iter().map(read).collect()
}

/// The legs that have something in them.
pub(super) fn booked(usage: Option<Usage>) -> String {
    let Some(usage) = usage else { return "nothing".to_owned() };
    let legs = serde_json::to_value(usage).unwrap();
    let legs = legs.as_object().unwrap().iter().filter(|(_, count)| count.as_u64() != Some(0));
    legs.map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}

#[test]
fn each_stream_is_told_in_both_protocols() {
    for stream in streams() {
        let said = said(&stream.deployment, &[&stream.bytes]);
        let lines = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            let lines = text.lines().filter_map(|line| line.strip_prefix("data:"));
            lines.map(|line| format!("  {}\n", line.trim_start())).collect::<String>()
        };
        let Said { openai, anthropic, usage, error, is_done } = said;
        let end = error.unwrap_or_else(|| if is_done { "whole".to_owned() } else { "broken off".to_owned() });
        let (openai, anthropic) = (lines(&openai), lines(&anthropic));
        let text = format!("OPENAI\n{openai}ANTHROPIC\n{anthropic}BOOKED {}\nEND {end}\n", booked(usage));
        assert_golden("streams", &stream.name, &text);
    }
}

#[test]
fn each_stream_is_the_same_wherever_it_is_cut() {
    for Stream { name, deployment, bytes } in streams() {
        let whole = said(&deployment, &[&bytes]);
        for cut in 0..=bytes.len() {
            let (first, rest) = bytes.split_at(cut);
            assert_eq!(said(&deployment, &[first, rest]), whole, "{name} cut at {cut}");
        }
        let each: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(said(&deployment, &each), whole, "{name} byte by byte");
    }
}

/// The length from which on the usage is known, if it ever is.
pub(super) fn known_from(stream: &Stream) -> Option<usize> {
    let mut way = Way::new(&stream.deployment);
    stream.bytes.chunks(1).position(|byte| {
        way.push(byte);
        way.usage().is_some()
    })
}

#[test]
fn what_was_told_of_the_usage_is_booked_wherever_a_stream_breaks_off() {
    for stream in streams() {
        let Some(known_from) = known_from(&stream) else { continue };
        for length in known_from + 1..=stream.bytes.len() {
            let said = said(&stream.deployment, &[&stream.bytes[..length]]);
            assert!(said.usage.is_some(), "{} broken off at {length}", stream.name);
        }
    }
}
