use proptest::prelude::*;

use super::*;
use crate::provider::chat::unsupported::Unsupported;

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

fn how(drop_params: bool) -> TaskTranslation<'static> {
    TaskTranslation { model: "m", unsupported: Unsupported { provider: "somebody", drop_params, wishes: &[] } }
}

fn refused(body: Value) -> (String, String) {
    let error = EmbeddingRequest::read(&object(body), &how(false), &["truncate"]).unwrap_err();
    (error.param.unwrap_or_default().into(), error.message)
}

fn raw(json: &str) -> &RawValue {
    serde_json::from_str(json).unwrap()
}

#[test]
fn a_request_is_a_text_or_several() {
    let body = object(json!({ "model": "m", "input": "one", "dimensions": 3, "truncate": true, "metadata": {} }));
    let request = EmbeddingRequest::read(&body, &how(false), &["truncate"]).unwrap();
    assert_eq!((&*request.texts, request.dimensions, request.input_type), (&["one"][..], Some(3), None));
    assert_eq!(request.passed, object(json!({ "truncate": true })));
    let body = object(json!({ "input": ["one", "two", "three"], "input_type": "search_query", "user": "u" }));
    let request = EmbeddingRequest::read(&body, &how(false), &[]).unwrap();
    assert_eq!(request.input_type, Some("search_query"));
    let requests = request.each(2, |texts| json!(texts)).unwrap();
    assert_eq!(requests, [r#"["one","two"]"#, r#"["three"]"#]);
}

#[test]
fn what_is_wrong_is_named() {
    for (body, param, part) in [
        (json!({}), "input", "expected a text"),
        (json!({ "input": 7 }), "input", "expected a text"),
        (json!({ "input": [] }), "input", "at least one"),
        (json!({ "input": ["a", ""] }), "input", "none that is empty"),
        (json!({ "input": [1, 2, 3] }), "input", "somebody takes texts and no tokens"),
        (json!({ "input": [[1, 2], [3]] }), "input", "somebody takes texts and no tokens"),
        (json!({ "input": ["a", null] }), "input", "expected a text"),
        (json!({ "input": vec!["a"; 2049] }), "input", "at most 2048"),
        (json!({ "input": "a", "dimensions": 0 }), "dimensions", "above zero"),
        (json!({ "input": "a", "dimensions": "8" }), "dimensions", "above zero"),
        (json!({ "input": "a", "encoding_format": "int8" }), "encoding_format", "\"float\" or \"base64\""),
    ] {
        let (found, message) = refused(body.clone());
        assert_eq!(found, param, "{body}");
        assert!(message.contains(part), "{message}");
    }
    let unknown = json!({ "input": "a", "late_chunking": true });
    assert!(refused(unknown.clone()).1.contains("late_chunking"));
    let body = object(unknown);
    assert!(EmbeddingRequest::read(&body, &how(true), &[]).unwrap().passed.is_empty());
}

#[test]
fn numbers_are_written_as_they_are_wanted() {
    let answer = |encoding: Value| {
        let mut embeddings = Embeddings::of(&object(json!({ "input": ["a", "b"], "encoding_format": encoding })));
        embeddings.push(raw("[0.5, -1, 0.016296387]")).unwrap();
        embeddings.push(raw("[0,0,0]")).unwrap();
        embeddings.count(Some(3));
        embeddings.count(Some(4));
        embeddings.answer("m").unwrap()
    };
    let floats = answer(Value::Null);
    assert_eq!(floats["data"][0]["embedding"].to_string(), "[0.5,-1.0,0.016296387]");
    assert_eq!(floats["data"][1], json!({ "object": "embedding", "index": 1, "embedding": [0.0, 0.0, 0.0] }));
    assert_eq!(floats["usage"], json!({ "prompt_tokens": 7, "total_tokens": 7 }));
    assert_eq!((&floats["object"], &floats["model"]), (&json!("list"), &json!("m")));
    // 0.5, -1 and 0.016296387 in 32 bits, the lowest byte first.
    let bytes = answer(json!("base64"))["data"][0]["embedding"].as_str().map(|text| STANDARD.decode(text).unwrap());
    assert_eq!(bytes, Some([[0, 0, 0, 63], [0, 0, 128, 191], 0.016_296_387_f32.to_le_bytes()].concat()));
}

#[test]
fn every_text_has_an_embedding_and_usage_is_told_whole_or_not_at_all() {
    let body = object(json!({ "input": ["a", "b"] }));
    let mut embeddings = Embeddings::of(&body);
    embeddings.push(raw("[1]")).unwrap();
    assert!(embeddings.answer("m").unwrap_err().contains("1 embeddings of 2 texts"));
    let mut embeddings = Embeddings::of(&object(json!({ "input": "a" })));
    assert!(embeddings.push(raw(r#"["a"]"#)).is_err());
    embeddings.push(raw("[1]")).unwrap();
    embeddings.count(None);
    embeddings.count(Some(4));
    assert_eq!(embeddings.answer("m").unwrap().get("usage"), None);
}

proptest! {
    #[test]
    fn counts_are_whole(count in 0_u32..1_000_000_000) {
        prop_assert_eq!(whole(f64::from(count)), u64::from(count));
        prop_assert_eq!(whole(f64::from(count) + 0.25), u64::from(count) + 1);
    }

    #[test]
    fn what_is_no_count_is_none(float: f64) {
        prop_assert!(whole(float) <= TOKENS_MAX);
    }

    #[test]
    fn floats_survive_the_way_through(numbers in prop::collection::vec(-1_f32..1.0, 1..20)) {
        let json = serde_json::to_string(&numbers).unwrap();
        let encoded = Encoding::Base64.encode(raw(&json)).unwrap();
        let bytes = STANDARD.decode(encoded.as_str().unwrap()).unwrap();
        let back: Vec<f32> = bytes.chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
        prop_assert_eq!(back, numbers);
    }
}
