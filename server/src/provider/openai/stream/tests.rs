use super::*;

const STREAM: &str = concat!(
    ": hello\n\n",
    "data: {\"id\":\"c-1\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}],\"usage\":null}\n\n",
    "data: {\"id\":\"c-1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello\"}}],\"usage\":null}\r\n\r\n",
    "data: {\"id\":\"c-1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" world\"},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"id\":\"c-1\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,\"total_tokens\":11}}\n\n",
    "data: [DONE]\n\n",
);

fn without_usage_chunk() -> String {
    let start = STREAM.find("data: {\"id\":\"c-1\",\"choices\":[],").unwrap();
    let end = STREAM.find("data: [DONE]").unwrap();
    format!("{}{}", &STREAM[..start], &STREAM[end..])
}

fn run(filter: &mut SseFilter, pieces: &[&str]) -> String {
    let mut out = Vec::new();
    for piece in pieces {
        out.extend_from_slice(&filter.push(Bytes::copy_from_slice(piece.as_bytes())));
    }
    out.extend_from_slice(&filter.finish());
    String::from_utf8(out).unwrap()
}

#[test]
fn cut_at_every_byte_the_stream_is_the_same() {
    for keeps_usage in [true, false] {
        let expected = if keeps_usage { STREAM.to_owned() } else { without_usage_chunk() };
        for cut in 0..=STREAM.len() {
            let mut filter = SseFilter::new(keeps_usage);
            let (head, tail) = STREAM.split_at(cut);
            assert_eq!(run(&mut filter, &[head, tail]), expected, "cut at {cut}");
            let outcome = filter.into_outcome();
            let usage = outcome.answer.usage.unwrap();
            assert_eq!((usage.input, usage.output, outcome.is_done), (9, 2, true), "cut at {cut}");
            assert_eq!(outcome.text.tokens(), 2, "cut at {cut}");
            assert_eq!(outcome.answer.response_id.as_deref(), Some("c-1"));
        }
    }
}

#[test]
fn byte_by_byte_too() {
    let pieces: Vec<&str> = STREAM.split("").collect();
    let mut filter = SseFilter::new(false);
    assert_eq!(run(&mut filter, &pieces), without_usage_chunk());
}

#[test]
fn whole_chunks_are_forwarded_without_a_copy() {
    let chunk = Bytes::from_static(b"data: {\"choices\":[]}\n\n");
    let mut filter = SseFilter::new(true);
    assert_eq!(filter.push(chunk.clone()).as_ptr(), chunk.as_ptr());
}

#[test]
fn usage_in_the_last_content_chunk_is_read_and_the_chunk_stays() {
    let stream = "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\n";
    let mut filter = SseFilter::new(false);
    assert_eq!(run(&mut filter, &[stream]), stream);
    assert!(filter.outcome().answer.usage.is_some());
}

#[test]
fn a_truncated_stream_gives_what_came() {
    let mut filter = SseFilter::new(false);
    let cut = STREAM.find(" world").unwrap();
    assert_eq!(run(&mut filter, &[&STREAM[..cut]]), &STREAM[..cut]);
    let outcome = filter.into_outcome();
    assert!(!outcome.is_done && outcome.answer.usage.is_none());
    assert_eq!(outcome.text.tokens(), 1);
}

#[test]
fn an_error_in_the_stream_is_seen() {
    let mut filter = SseFilter::new(false);
    run(&mut filter, &["data: {\"error\":{\"message\":\"overloaded\"}}\n\n"]);
    assert!(filter.outcome().error.as_deref().unwrap().contains("overloaded"));
}

#[test]
fn usage_that_text_follows_is_not_of_the_whole() {
    let usage = r#""usage":{"prompt_tokens":9,"completion_tokens":1}"#;
    let piece = |more: &str| format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"a\"}}}}]{more}}}\n\n");
    for (events, is_early) in [
        (piece(&format!(",{usage}")), false),
        (format!("data: {{{usage},\"choices\":[]}}\n\n{}", piece("")), true),
        (format!("{}{}", piece(&format!(",{usage}")), piece(",\"usage\":null")), true),
        (format!("{}data: {{{usage},\"choices\":[]}}\n\n", piece("")), false),
    ] {
        let mut filter = SseFilter::new(true);
        filter.push(events.clone().into());
        let answer = filter.into_outcome().answer;
        assert_eq!((answer.usage.is_some(), answer.is_usage_early), (true, is_early), "{events}");
    }
}
