use super::*;
use crate::provider::chat::unsupported::Unsupported;

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

fn how() -> TaskTranslation<'static> {
    TaskTranslation { model: "m", unsupported: Unsupported { provider: "somebody", drop_params: false, wishes: &[] } }
}

#[test]
fn documents_are_texts_or_objects() {
    let body = object(json!({ "query": "q", "top_n": 2, "return_documents": true, "max_tokens_per_doc": 9,
        "documents": ["one", { "text": "two", "title": "t" }, { "name": "three" }] }));
    let request = RerankRequest::read(&body, &how(), &["max_tokens_per_doc"]).unwrap();
    assert_eq!((request.query, request.top_n), ("q", Some(2)));
    assert_eq!(request.documents, ["one", "two", r#"{"name":"three"}"#]);
    assert_eq!(request.passed, object(json!({ "max_tokens_per_doc": 9 })));
    let results = [Ranked { index: 1, relevance_score: 0.5 }, Ranked { index: 0, relevance_score: 0.25 }];
    let answered = answer("r-1", &body, &results, Some(3));
    let expected = json!({
        "id": "r-1",
        "results": [
            { "index": 1, "relevance_score": 0.5, "document": { "text": "two", "title": "t" } },
            { "index": 0, "relevance_score": 0.25, "document": { "text": "one" } },
        ],
        "meta": { "billed_units": { "search_units": 3 } },
    });
    assert_eq!(answered, expected);
    let plain = answer("r-1", &object(json!({ "documents": ["one"] })), &results[1..], None);
    assert_eq!(plain, json!({ "id": "r-1", "results": [{ "index": 0, "relevance_score": 0.25 }] }));
}

#[test]
fn what_is_wrong_is_named() {
    for (body, param) in [
        (json!({ "documents": ["a"] }), "query"),
        (json!({ "query": "", "documents": ["a"] }), "query"),
        (json!({ "query": "q" }), "documents"),
        (json!({ "query": "q", "documents": [] }), "documents"),
        (json!({ "query": "q", "documents": [7] }), "documents"),
        (json!({ "query": "q", "documents": vec!["a"; 1001] }), "documents"),
        (json!({ "query": "q", "documents": ["a"], "top_n": 0 }), "top_n"),
    ] {
        let error = RerankRequest::read(&object(body.clone()), &how(), &[]).unwrap_err();
        assert_eq!(error.param.as_deref(), Some(param), "{body}");
    }
}
