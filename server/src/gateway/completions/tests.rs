use serde_json::Value;

use super::*;
use crate::gateway::client::StreamEncoder;

fn translated(body: &'static str) -> Result<Value, String> {
    let body = request::translate(&bytes::Bytes::from_static(body.as_bytes()))
        .map_err(|error| String::from(error.param.unwrap_or_default()))?;
    Ok(serde_json::from_slice(&body).unwrap())
}

#[test]
fn a_text_becomes_a_message() {
    let sent = translated(r#"{"model":"m","prompt":["Say hi"],"max_tokens":5,"logprobs":2,"echo":false,"best_of":1}"#);
    let expected = serde_json::json!({
        "model": "m", "messages": [{ "role": "user", "content": "Say hi" }], "max_tokens": 5, "logprobs": true,
        "top_logprobs": 2,
    });
    assert_eq!(sent, Ok(expected));
    assert_eq!(translated(r#"{"model":"m","prompt":["a","b"]}"#), Err("prompt".to_owned()));
    assert_eq!(translated(r#"{"model":"m","prompt":[1,2]}"#), Err("prompt".to_owned()));
    assert_eq!(translated(r#"{"model":"m","prompt":"a","suffix":"b"}"#), Err("suffix".to_owned()));
    assert_eq!(translated(r#"{"model":"m","prompt":"a","echo":true}"#), Err("echo".to_owned()));
}

#[test]
fn a_message_becomes_a_text() {
    let answer = r#"{"id":"chatcmpl-1","object":"chat.completion","model":"m","choices":[{"index":0,"finish_reason":"stop",
        "message":{"role":"assistant","content":"hi é!"},"logprobs":{"content":[
        {"token":"hi é","logprob":-0.5,"top_logprobs":[{"token":"hi é","logprob":-0.5},{"token":"x","logprob":-1}]},
        {"token":"!","logprob":-0.1,"top_logprobs":[]}]}}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#;
    let text: Value =
        serde_json::from_slice(&answer::encode(&bytes::Bytes::from_static(answer.as_bytes())).unwrap()).unwrap();
    let expected = serde_json::json!({
        "id": "cmpl-1", "object": "text_completion", "model": "m",
        "choices": [{ "text": "hi é!", "index": 0, "finish_reason": "stop", "logprobs": {
            "tokens": ["hi é", "!"], "token_logprobs": [-0.5, -0.1],
            "top_logprobs": [{ "hi é": -0.5, "x": -1 }, {}], "text_offset": [0, 4] } }],
        "usage": { "prompt_tokens": 1, "completion_tokens": 2 },
    });
    assert_eq!(text, expected);
    assert_eq!(answer::encode(&bytes::Bytes::from_static(b"<html>")), None);
}

#[test]
fn a_stream_is_the_same_however_it_is_cut() {
    let stream = "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"hé\"},\"finish_reason\":null}]}\n\n\
        data: {\"id\":\"chatcmpl-1\",\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n\
        data: {\"error\":{\"message\":\"broke\"}}\n\ndata: [DONE]\n\n";
    let expected = "data: {\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"choices\":[{\"text\":\"hé\",\"index\":0,\"logprobs\":null,\"finish_reason\":null}]}\n\n\
        data: {\"id\":\"cmpl-1\",\"choices\":[],\"usage\":{\"prompt_tokens\":1},\"object\":\"text_completion\"}\n\n\
        data: {\"error\":{\"message\":\"broke\"}}\n\ndata: [DONE]\n\n";
    for cut in 0..=stream.len() {
        let (first, rest) = stream.as_bytes().split_at(cut);
        let mut encoder = answer::Encoder::default();
        let out = [encoder.push(first), encoder.push(rest), encoder.finish()].concat();
        assert_eq!(String::from_utf8(out).unwrap(), expected, "{cut}");
    }
}
