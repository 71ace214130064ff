//! The sheet at work: each row on the same request, and what single quirks do.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::config::{Config, RequestConfig};
use crate::provider::openai::request::Changes;
use crate::provider::openai::{ChatRequest, RequestError};

/// Everything OpenAI's reference has, and what earlier turns left in the messages.
const FULL: &str = r#"{"model":"public","messages":[
  {"role":"developer","content":"Be brief."},
  {"role":"user","name":"ann","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]},
  {"role":"assistant","content":"Yes?","refusal":null,"annotations":[],"reasoning_content":"Hm.","thinking_blocks":[],"provider_specific_fields":{"a":1}},
  {"role":"user","content":"Go on."}],
 "max_completion_tokens":50,"temperature":0.5,"top_p":0.9,"n":1,"stop":"END","seed":7,"user":"u-1","logprobs":false,
 "stream":true,"stream_options":{"include_usage":true},"metadata":{"a":"b"},"store":true,"reasoning_effort":"low",
 "response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object"}}},
 "prompt_cache_key":"k","num_retries":3,"own_field":{"kept":true}}"#;

/// Those of a model that is served at an address of its own.
fn quirks(model: &str) -> &'static Quirks {
    let yaml = format!(
        "model_list: [{{model_name: m, litellm_params: {{model: '{model}', api_key: k, api_base: 'http://here'}}}}]"
    );
    Quirks::of(&deployment(&yaml))
}

fn deployment(yaml: &str) -> DeploymentConfig {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    std::fs::write(&path, yaml).unwrap();
    Config::load(Some(&path), |_| None).config.deployments.remove(0)
}

fn sent_with(quirks: &Quirks, params: &RequestConfig, body: &str, drop_params: bool) -> Result<String, RequestError> {
    let body = Bytes::from(body.to_owned());
    let request = ChatRequest::parse(&body, None)?;
    let drop_params = drop_params || request.params.drop_params || params.drop_params;
    let changes = Changes { model: "real", max_output_tokens: None, quirks, params, drop_params };
    Ok(String::from_utf8(request.upstream_body(&body, &changes)?.to_vec()).unwrap())
}

fn sent(model: &str, body: &str) -> Value {
    serde_json::from_str(&sent_with(quirks(model), &RequestConfig::default(), body, false).unwrap()).unwrap()
}

#[test]
fn each_provider_gets_the_request_as_it_takes_it() {
    for model in [
        "openai/gpt-4o",
        "openai/gpt-5-mini",
        "azure/mine",
        "mistral/mistral-large-latest",
        "deepseek/deepseek-chat",
        "groq/llama",
        "together_ai/llama",
        "fireworks_ai/llama",
        "perplexity/sonar",
        "xai/grok-3",
        "openrouter/x/y",
        "hosted_vllm/x",
        "nvidia_nim/x",
        "huggingface/tgi",
        "openai_compatible/x",
    ] {
        let provider = model.split_once('/').unwrap();
        let name = if model == "openai/gpt-5-mini" { "openai_reasoning" } else { provider.0 };
        let yaml = format!("model_list: [{{model_name: m, litellm_params: {{model: '{model}', api_key: k}}}}]");
        let quirks = if provider.0 == "openai" { Quirks::of(&deployment(&yaml)) } else { quirks(model) };
        let request = sent_with(quirks, &RequestConfig::default(), FULL, true).unwrap();
        let request: Value = serde_json::from_str(&request).unwrap();
        insta::assert_json_snapshot!(format!("full.{name}"), request);
    }
}

#[test]
fn what_needs_no_change_keeps_its_bytes() {
    let body = r#"{ "temperature" : 0.10, "model":"real","messages":[{"role":"system","content":"a \"name\" b"}], "x":[1, 2] }"#;
    for model in ["openai/gpt-4o", "mistral/x", "deepseek/x", "groq/x", "perplexity/x", "openrouter/x", "huggingface/x"]
    {
        assert_eq!(sent_with(quirks(model), &RequestConfig::default(), body, false).unwrap(), body, "{model}");
    }
}

#[test]
fn what_a_provider_does_not_take_is_refused_by_name_or_dropped() {
    let none = RequestConfig::default();
    for (model, member) in [
        ("mistral/x", r#""logit_bias":{"1":2}"#),
        ("mistral/x", r#""service_tier":"flex""#),
        ("groq/x", r#""logprobs":true"#),
        ("groq/x", r#""n":2"#),
        ("deepseek/x", r#""n":3"#),
        ("perplexity/x", r#""seed":1"#),
        ("xai/grok-4", r#""stop":["x"]"#),
        ("together_ai/x", r#""modalities":["text","audio"]"#),
        ("huggingface/x", r#""logit_bias":{"1":2}"#),
    ] {
        let body = format!(r#"{{"model":"real","messages":[1],{member}}}"#);
        let name = member.split('"').nth(1).unwrap();
        let error = sent_with(quirks(model), &none, &body, false).unwrap_err();
        assert_eq!(error.param.as_deref(), Some(name), "{model}");
        let provider = model.split('/').next().unwrap();
        assert!(error.message.starts_with(&format!("{provider} does not support the parameter '{name}'")), "{error}");
        let bare = r#"{"model":"real","messages":[1]}"#;
        assert_eq!(sent_with(quirks(model), &none, &body, true).unwrap(), bare, "{model}");
        let asking = body.replacen('{', r#"{"drop_params":true,"#, 1);
        assert_eq!(sent_with(quirks(model), &none, &asking, false).unwrap(), bare, "the request asks for it");
        let params = RequestConfig { drop_params: true, ..RequestConfig::default() };
        assert_eq!(sent_with(quirks(model), &params, &body, false).unwrap(), bare, "the deployment asks for it");
        let params = RequestConfig { allowed_openai_params: vec![name.to_owned()], ..RequestConfig::default() };
        assert_eq!(sent_with(quirks(model), &params, &body, false).unwrap(), body, "it is allowed");
    }
}

#[test]
fn a_name_in_messages_is_refused_where_it_is_not_taken() {
    let body = r#"{"model":"real","messages":[{"role":"user","name":"ann","content":"x"},{"role":"tool","name":"f","content":"1"}]}"#;
    let error = sent_with(quirks("groq/x"), &RequestConfig::default(), body, false).unwrap_err();
    assert_eq!(error.param.as_deref(), Some("messages[].name"));
    let dropped = sent_with(quirks("groq/x"), &RequestConfig::default(), body, true).unwrap();
    assert_eq!(dropped, body.replace(r#""name":"ann","#, ""));
}

#[test]
fn sampling_goes_where_reasoning_models_refuse_it_only_if_that_is_wanted() {
    let body = r#"{"model":"real","messages":[1],"temperature":0.2,"max_tokens":9}"#;
    let none = RequestConfig::default();
    let renamed = body.replace("max_tokens", "max_completion_tokens");
    assert_eq!(sent_with(quirks("openai/o3-mini"), &none, body, false).unwrap(), renamed);
    assert_eq!(
        sent_with(quirks("openai/o3-mini"), &none, body, true).unwrap(),
        r#"{"model":"real","messages":[1],"max_completion_tokens":9}"#
    );
    assert_eq!(sent_with(quirks("openai/gpt-4o"), &none, body, true).unwrap(), body);
}

#[test]
fn additional_params_are_dropped_and_extra_ones_added() {
    let mut params =
        RequestConfig { additional_drop_params: vec!["temperature".to_owned()], ..RequestConfig::default() };
    params.extra_body = json!({ "a": 1, "top_k": 5 }).as_object().unwrap().clone();
    let body = r#"{"model":"real","temperature":1,"top_k":9,"messages":[1],"extra_body":{"b":[2],"a":0},"additional_drop_params":["seed"],"seed":1}"#;
    let got: Value = serde_json::from_str(&sent_with(Quirks::NONE, &params, body, false).unwrap()).unwrap();
    assert_eq!(got, json!({ "model": "real", "messages": [1], "top_k": 9, "a": 0, "b": [2] }));
}

#[test]
fn what_a_call_may_cost_is_not_to_be_talked_around() {
    let asking = r#"{"model":"real","messages":[1],"max_tokens":1,"n":1,"service_tier":"flex","additional_drop_params":["max_tokens","n","service_tier"],"allowed_openai_params":["max_tokens"]}"#;
    let got = sent_with(Quirks::NONE, &RequestConfig::default(), asking, false).unwrap();
    assert_eq!(got, r#"{"model":"real","messages":[1],"max_tokens":1,"n":1,"service_tier":"flex"}"#);
    for name in
        ["model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n", "service_tier"]
    {
        let body = format!(r#"{{"model":"real","messages":[1],"extra_body":{{"{name}":5}}}}"#);
        let error = sent_with(Quirks::NONE, &RequestConfig::default(), &body, true).unwrap_err();
        assert_eq!(error.param.as_deref(), Some("extra_body"), "{name}");
    }
}

#[test]
fn both_names_of_the_limit_become_the_one_that_is_known() {
    let body = r#"{"model":"real","max_tokens":5,"max_completion_tokens":9,"messages":[1]}"#;
    let got = sent("mistral/x", body);
    assert_eq!(got, json!({ "model": "real", "max_tokens": 5, "messages": [1] }));
    let body = Bytes::from_static(body.as_bytes());
    let (request, params) = (ChatRequest::parse(&body, None).unwrap(), RequestConfig::default());
    let quirks = quirks("mistral/x");
    let changes = Changes { model: "real", max_output_tokens: Some(4), quirks, params: &params, drop_params: false };
    let limited = request.upstream_body(&body, &changes).unwrap();
    assert_eq!(&limited[..], br#"{"model":"real","max_tokens":4,"messages":[1]}"#);
}

#[test]
fn what_only_openai_refuses_is_kept_at_other_addresses() {
    let body = r#"{"model":"real","messages":[{"role":"assistant","content":"x","reasoning_content":"y"}]}"#;
    let none = RequestConfig::default();
    assert_eq!(sent_with(quirks("openai/x"), &none, body, false).unwrap(), body);
    let own = deployment("model_list: [{model_name: m, litellm_params: {model: openai/x, api_key: k}}]");
    let dropped = body.replace(r#","reasoning_content":"y""#, "");
    assert_eq!(sent_with(Quirks::of(&own), &none, body, false).unwrap(), dropped);
}

#[test]
fn azures_field_follows_the_version_and_the_model() {
    let of = |params: &str| {
        Quirks::of(&deployment(&format!("model_list: [{{model_name: m, litellm_params: {{{params}, api_key: k}}}}]")))
    };
    assert_eq!(of("model: azure/mine").max_tokens, "max_completion_tokens");
    assert_eq!(of("model: azure/mine, api_version: '2024-02-01'").max_tokens, "max_tokens");
    assert_eq!(of("model: azure/o3-mini").renamed, &[("max_tokens", "max_completion_tokens")]);
    assert_eq!(of("model: azure/gpt5_series/mine").renamed, &[("max_tokens", "max_completion_tokens")]);
    let based = deployment(
        "model_list: [{model_name: m, litellm_params: {model: azure/mine, api_key: k}, model_info: {base_model: azure/gpt-5}}]",
    );
    assert_eq!(Quirks::of(&based).renamed, &[("max_tokens", "max_completion_tokens")]);
}

fn answered(model: &str, body: &str) -> String {
    let body = Bytes::from(body.to_owned());
    String::from_utf8(openai_answer(quirks(model), "call-1", &body).to_vec()).unwrap()
}

#[test]
fn reasoning_is_found_where_clients_look_for_it() {
    let body = r#"{"id":"1", "choices":[{"message":{"role":"assistant","reasoning" : "Hm \"x\"", "content":"Hi"}}],"usage":{"reasoning":1}}"#;
    let expected = body.replacen("\"reasoning\" :", "\"reasoning_content\" :", 1);
    assert_eq!(answered("groq/x", body), expected);
    assert_eq!(answered("openai/x", body), body);
    for untouched in [
        r#"{"choices":[{"message":{"reasoning":null,"content":"x"}}]}"#,
        r#"{"choices":[{"message":{"reasoning":"a","reasoning_content":"a"}}]}"#,
        "<html>\"reasoning\"",
    ] {
        assert_eq!(answered("hosted_vllm/x", untouched), untouched);
    }
    assert_eq!(
        answered("hosted_vllm/x", r#"{"choices":[{"message":{"reasoning_content":null,"reasoning":"a"}}]}"#),
        r#"{"choices":[{"message":{"reasoning_content":"a","reasoning":"a"}}]}"#
    );
    assert_eq!(
        answered(
            "mistral/x",
            r#"{"choices":[{"message":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm"}]},{"type":"text","text":"A"},{"type":"reference","reference_ids":[1]},{"type":"text","text":"B"}]}}]}"#
        ),
        r#"{"choices":[{"message":{"content":"AB","reasoning_content":"Hm"}}]}"#
    );
}

#[test]
fn an_answer_without_an_id_gets_one() {
    let body = r#"{"id" : "", "choices":[{"message":{"tool_calls":[{"id":""}]}}]}"#;
    assert_eq!(answered("huggingface/tgi", body), body.replacen("\"\"", "\"call-1\"", 1));
    assert_eq!(answered("openai/x", body), body);
    let named = body.replacen("\"\"", "\"its own\"", 1);
    assert_eq!(answered("huggingface/tgi", &named), named);
}

const STREAM: &str = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"reasoning\":\"H\"}}]}\n\n: ping\n\n\
data: {\"choices\":[{\"delta\":{\"content\":\"A \\\"reasoning\\\"\"}}]}\r\n\r\n\
data:{\"choices\":[{\"delta\":{\"reasoning\":\"m\",\"content\":null}},{\"index\":1,\"delta\":{\"reasoning\":\"n\"}}]}\n\ndata: [DONE]\n\n";

#[test]
fn streams_are_rewritten_wherever_they_are_cut() {
    let expected = STREAM.replace("\"reasoning\":", "\"reasoning_content\":");
    for cut in 0..=STREAM.len() {
        let (head, tail) = STREAM.as_bytes().split_at(cut);
        let mut rewriter = AnswerRewriter::new(quirks("groq/x"), String::new());
        let mut out = rewriter.push(Bytes::copy_from_slice(head)).to_vec();
        out.extend(rewriter.push(Bytes::copy_from_slice(tail)));
        out.extend(rewriter.finish());
        assert_eq!(String::from_utf8(out).unwrap(), expected, "cut at {cut}");
    }
}

proptest! {
    #[test]
    fn no_bytes_are_lost_or_panic(parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..8)) {
        let mut rewriter = AnswerRewriter::new(quirks("groq/x"), String::new());
        let mut out = Vec::new();
        parts.iter().for_each(|part| out.extend(rewriter.push(Bytes::copy_from_slice(part))));
        out.extend(rewriter.finish());
        prop_assert_eq!(out, parts.concat());
    }

    #[test]
    fn any_body_is_edited_or_refused(members in proptest::collection::vec(("[a-z_]{1,9}", "[0-9]{1,3}|\"[a-z\\\\\\\\]{0,4}\"|null|\\[1\\]"), 0..8)) {
        let members: Vec<String> = members.iter().map(|(name, value)| format!(",\"x{name}\":{value}")).collect();
        let body = format!(r#"{{"messages":[1],"model":"m"{}}}"#, members.concat());
        if let Ok(sent) = sent_with(quirks("mistral/x"), &RequestConfig::default(), &body, false) {
            let sent: Value = serde_json::from_str(&sent).unwrap();
            prop_assert_eq!(&sent["model"], "real");
        }
    }
}

#[test]
fn errors_of_every_shape_say_what_is_wrong() {
    let told = |status: u16, body: &str| -> Value {
        serde_json::from_slice::<Value>(&openai_error(status, Bytes::from(body.to_owned()))).unwrap()["error"].clone()
    };
    let openai = r#"{"error":{"message":"No.","code":1},"more":2}"#;
    assert_eq!(&openai_error(400, Bytes::from_static(openai.as_bytes()))[..], openai.as_bytes());
    // xAI, TGI, Cohere, FastAPI, vLLM, NIM, Mistral, none of them.
    let xai = told(400, r#"{"code":"invalid-argument","error":"Bad key."}"#);
    assert_eq!((&xai["message"], &xai["code"]), (&json!("Bad key."), &json!("invalid-argument")));
    let tgi = told(422, r#"{"error":"Too long.","error_type":"validation"}"#);
    assert_eq!(
        (&tgi["message"], &tgi["type"], &tgi["code"]),
        (&json!("Too long."), &json!("validation"), &json!("422"))
    );
    assert_eq!(told(404, r#"{"detail":"Not Found"}"#)["message"], "Not Found");
    let vllm = told(400, r#"{"object":"error","message":"Long.","type":"BadRequestError","param":null,"code":400}"#);
    assert_eq!(
        (&vllm["message"], &vllm["type"], &vllm["code"]),
        (&json!("Long."), &json!("BadRequestError"), &json!("400"))
    );
    assert_eq!(
        told(404, r#"{"status":404,"title":"Not Found","detail":"No such function."}"#)["message"],
        "No such function."
    );
    let mistral = r#"{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","x",1],"msg":"Extra inputs are not permitted"}]},"type":"invalid_request_error","param":null,"code":null}"#;
    assert_eq!(told(422, mistral)["message"], "body.x.1: Extra inputs are not permitted");
    let long = told(
        422,
        r#"{"error":"Input validation error: `inputs` must have less than 9 tokens.","error_type":"validation"}"#,
    );
    assert_eq!(long["code"], "context_length_exceeded");
    assert_eq!(told(502, "<h1>Bad gateway</h1>")["message"], "<h1>Bad gateway</h1>");
    assert_eq!(told(503, " ")["message"], "The provider answered with status 503.");
}
