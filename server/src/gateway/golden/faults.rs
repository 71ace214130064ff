//! Damaged streams and answers: never a panic, and never a lost usage.

use proptest::prelude::*;

use super::streams::{Stream, known_from, streams};
use super::wire::{openai_answer, said};
use super::{deployments, protocol};
use crate::provider::endpoint::Protocol;

/// All streams, with where the usage of each is known.
fn known_streams() -> Vec<(Stream, usize)> {
    let known = |stream: Stream| {
        let from = known_from(&stream).map_or(stream.bytes.len(), |at| at + 1);
        (stream, from)
    };
    streams().into_iter().map(known).collect()
}

thread_local! {
    static STREAMS: Vec<(Stream, usize)> = known_streams();
}

proptest! {
    #[test]
    fn damage_is_no_panic_and_loses_no_usage(at in any::<prop::sample::Index>(), junk in prop::collection::vec(any::<u8>(), 1..40), skipped in 0_usize..60) {
        STREAMS.with(|streams| for (stream, known_from) in streams {
            let at = at.index(stream.bytes.len());
            let rest = stream.bytes.get(at + skipped..).unwrap_or_default();
            let damaged = [&stream.bytes[..at], &junk, rest].concat();
            let found = said(&stream.deployment, &[&damaged]).usage;
            assert!(found.is_some() || at < *known_from, "{} damaged at {at}", stream.name);
        });
    }

    #[test]
    fn a_changed_byte_is_no_panic_and_loses_no_usage(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        STREAMS.with(|streams| for (stream, known_from) in streams {
            let at = at.index(stream.bytes.len());
            let mut damaged = stream.bytes.clone();
            damaged[at] = byte;
            let found = said(&stream.deployment, &[&damaged]).usage;
            assert!(found.is_some() || at < *known_from, "{} changed at {at}", stream.name);
        });
    }
}

#[test]
fn no_bytes_make_a_reader_panic() {
    let deployments = deployments();
    let bytes = prop::collection::vec(any::<u8>(), 0..300);
    proptest!(ProptestConfig::with_cases(64), |(bytes in bytes, text in "[\\{\\}\":,a-z\\[\\]0-9 \n]{0,200}")| {
        for (_, deployment) in &deployments {
            for input in [&bytes[..], text.as_bytes(), format!("data: {text}\n\n").as_bytes()] {
                said(deployment, &[input]);
                drop(openai_answer(deployment, &input.to_vec().into()));
                if let Protocol::Translated(dialect) = protocol(deployment) {
                    drop((dialect.error_message(input), dialect.error_status(400, input), dialect.retry_after(input)));
                }
            }
        }
    });
}
