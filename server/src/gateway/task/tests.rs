use bytes::Bytes;
use proptest::prelude::*;
use reqwest::header::HeaderValue;

use super::form::Form;
use super::watch::TaskWatcher;
use crate::domain::operation::Operation;
use crate::domain::usage::Usage;
use crate::gateway::stream::Watcher;
use crate::provider::openai::read_task_answer;

const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");

fn watched(stream: &[u8], cut: usize) -> (Option<Usage>, Option<String>) {
    let mut watcher = TaskWatcher::new(Operation::Transcription, Some(&EVENTS));
    let (first, rest) = stream.split_at(cut);
    watcher.push(first);
    watcher.push(rest);
    let outcome = watcher.outcome();
    (outcome.answer.usage, outcome.error)
}

#[test]
fn usage_and_errors_are_found_however_a_stream_is_cut() {
    let stream = "data: {\"type\":\"transcript.text.delta\",\"delta\":\"hé\"}\r\n\r\n\
        data: {\"type\":\"transcript.text.done\",\"text\":\"hé\",\"usage\":{\"type\":\"tokens\",\"input_tokens\":14,\
        \"input_token_details\":{\"text_tokens\":4,\"audio_tokens\":10},\"output_tokens\":5,\"total_tokens\":19}}\n\n"
        .as_bytes();
    for cut in 0..=stream.len() {
        let expected = Usage { input: 4, input_audio: 10, output: 5, ..Usage::default() };
        assert_eq!(watched(stream, cut), (Some(expected), None), "{cut}");
    }
    let broken = b"event: error\ndata: {\"type\":\"error\",\"error\":{\"message\":\"no\"}}\n\n";
    assert_eq!(watched(broken, 9), (None, Some("no".to_owned())));
}

#[test]
fn what_providers_report_is_taken_apart() {
    let images = r#"{"data":[{},{}],"usage":{"input_tokens":50,"output_tokens":70,"total_tokens":120,
        "input_tokens_details":{"text_tokens":10,"image_tokens":40},"output_tokens_details":{"text_tokens":20,"image_tokens":50}}}"#;
    let read = |operation, body: &str| read_task_answer(operation, body.as_bytes()).usage;
    let expected = Usage { input: 10, input_image: 40, output: 20, output_image: 50, images: 2, ..Usage::default() };
    assert_eq!(read(Operation::ImageEdit, images), Some(expected));
    let heard = r#"{"text":"a","usage":{"type":"duration","seconds":1.0004}}"#;
    let expected = Usage { audio_ms: 1_001, ..Usage::default() };
    assert_eq!(read(Operation::Transcription, heard), Some(expected));
    let ranked = r#"{"results":[],"usage":{"total_tokens":7}}"#;
    assert_eq!(read(Operation::Rerank, ranked), Some(Usage { input: 7, ..Usage::default() }));
    let spoken = r#"{"type":"speech.audio.done","usage":{"input_tokens":3,"output_tokens":9,"total_tokens":12}}"#;
    let expected = Usage { input: 3, output_audio: 9, ..Usage::default() };
    assert_eq!(read(Operation::Speech, spoken), Some(expected));
    assert_eq!(read(Operation::Embedding, r#"{"data":[]}"#), None);
}

proptest! {
    #[test]
    fn nothing_a_provider_sends_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0_usize..200) {
        let cut = cut.min(bytes.len());
        watched(&bytes, cut);
        for operation in Operation::TASKS {
            drop(read_task_answer(operation, &bytes));
        }
    }

    #[test]
    fn nothing_a_client_sends_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let bytes = [b"--x\r\nContent-Disposition: form-data; name=\"file\"\r\n", &*bytes].concat();
        let form = runtime.block_on(Form::read("multipart/form-data; boundary=x", Bytes::from(bytes)));
        drop(form.map(|form| form.as_json()));
    }
}
