use proptest::prelude::*;

use super::*;

fn upstream(body: &'static str, model: &str, limit: Option<u64>) -> String {
    let body = Bytes::from_static(body.as_bytes());
    let request = ChatRequest::parse(&body, None).unwrap();
    let params = RequestConfig::default();
    let quirks = &Quirks { max_tokens: "max_completion_tokens", ..*Quirks::NONE };
    let changes = Changes { model, max_output_tokens: limit, quirks, params: &params, drop_params: false };
    String::from_utf8(request.upstream_body(&body, &changes).unwrap().to_vec()).unwrap()
}

#[test]
fn only_the_models_name_changes_and_the_order_of_keys_stays() {
    let sent = r#"{"zeta": 1, "model" : "fast","messages":[{"role":"user","content":"hi"}], "alpha":{"x":[1, 2]}}"#;
    let got = upstream(sent, "gpt-4o-mini", None);
    assert_eq!(got, sent.replace("\"fast\"", "\"gpt-4o-mini\""));
}

#[test]
fn a_body_that_needs_no_change_is_not_copied() {
    let body = Bytes::from_static(br#"{"model":"gpt-4o","messages":[1]}"#);
    let request = ChatRequest::parse(&body, None).unwrap();
    let params = RequestConfig::default();
    let quirks = Quirks::NONE;
    let changes = Changes { model: "gpt-4o", max_output_tokens: None, quirks, params: &params, drop_params: false };
    assert_eq!(request.upstream_body(&body, &changes).unwrap().as_ptr(), body.as_ptr());
}

#[test]
fn a_stream_asks_for_usage_and_keeps_the_clients_other_options() {
    let got = upstream(r#"{"model":"m","messages":[1],"stream":true}"#, "m", None);
    assert_eq!(got, r#"{"model":"m","messages":[1],"stream":true,"stream_options":{"include_usage":true}}"#);
    let got = upstream(
        r#"{"model":"m","stream_options":{"x":1,"include_usage":false},"messages":[1],"stream":true}"#,
        "m",
        None,
    );
    assert_eq!(got, r#"{"model":"m","stream_options":{"x":1,"include_usage":true},"messages":[1],"stream":true}"#);
}

#[test]
fn a_lower_limit_takes_the_clients_field_or_the_providers() {
    let got = upstream(r#"{"model":"m","messages":[1],"max_tokens":900}"#, "m", Some(7));
    assert_eq!(got, r#"{"model":"m","messages":[1],"max_tokens":7}"#);
    let got = upstream(r#"{"model":"m","messages":[1]}"#, "m", Some(7));
    assert_eq!(got, r#"{"model":"m","messages":[1],"max_completion_tokens":7}"#);
}

#[test]
fn a_wrong_type_names_the_field() {
    for (body, param) in [
        (r#"{"messages":[1]}"#, "model"),
        (r#"{"model":3,"messages":[1]}"#, "model"),
        (r#"{"model":"m"}"#, "messages"),
        (r#"{"model":"m","messages":[ ]}"#, "messages"),
        (r#"{"model":"m","messages":"hi"}"#, "messages"),
        (r#"{"model":"m","messages":[1],"stream":"yes"}"#, "stream"),
        (r#"{"model":"m","messages":[1],"max_tokens":-1}"#, "max_tokens"),
        (r#"{"model":"m","messages":[1],"n":0}"#, "n"),
        (r#"{"model":"m","messages":[1],"stream_options":[]}"#, "stream_options"),
    ] {
        let error = ChatRequest::parse(body.as_bytes(), None).unwrap_err();
        assert_eq!(error.param.as_deref(), Some(param), "{body}: {error}");
    }
    for body in ["", "[]", "{", "nonsense", r#"{"model":"m","messages":[1]}}"#] {
        assert_eq!(ChatRequest::parse(body.as_bytes(), None).unwrap_err().param, None, "{body}");
    }
}

#[test]
fn the_paths_model_wins() {
    let request = ChatRequest::parse(br#"{"model":"body","messages":[1]}"#, Some("path")).unwrap();
    assert_eq!(request.model, "path");
}

proptest! {
    #[test]
    fn the_rest_of_any_body_survives(keys in proptest::collection::vec("[a-z]{1,6}[0-9]", 0..6), at in 0usize..6) {
        let mut members: Vec<String> = keys.iter().map(|key| format!("\"{key}\" : [\"}}\", {{\"n\": 1.50}}]")).collect();
        members.sort();
        members.dedup();
        members.insert(at.min(members.len()), r#""model":"a\"b""#.to_owned());
        members.push(r#""messages":[{}]"#.to_owned());
        let text = format!(" {{{}}} \n", members.join(","));
        let body = Bytes::from(text.clone());
        let request = ChatRequest::parse(&body, None).unwrap();
        let params = RequestConfig::default();
        let quirks = Quirks::NONE;
        let changes = Changes { model: "x", max_output_tokens: None, quirks, params: &params, drop_params: false };
        let got = request.upstream_body(&body, &changes).unwrap();
        prop_assert_eq!(std::str::from_utf8(&got).unwrap(), text.replace(r#""a\"b""#, "\"x\""));
    }
}
