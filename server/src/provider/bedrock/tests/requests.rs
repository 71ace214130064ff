//! What is sent.

use serde_json::json;

use super::*;

fn full() -> Value {
    serde_json::from_str(include_str!("full.json")).unwrap()
}

#[test]
fn a_request_with_everything() {
    for (name, model) in [("claude", CLAUDE), ("nova", NOVA)] {
        let sent = translate_with(model, full(), &how(false, Some(500))).unwrap();
        insta::assert_json_snapshot!(format!("full_{name}"), sent);
    }
    // Llama has no top_k, and takes no marks of what is to be cached.
    let sent = translate_with(LLAMA, full(), &how(true, Some(500))).unwrap();
    insta::assert_json_snapshot!("full_llama", sent);
}

#[test]
fn a_small_request_is_small() {
    let sent = translate(LLAMA, json!({ "model": "m", "messages": [{ "role": "user", "content": "Hello" }] }));
    assert_eq!(sent, json!({ "messages": [{ "role": "user", "content": [{ "text": "Hello" }] }] }));
}

#[test]
fn what_bedrock_does_not_take_is_refused_by_name_or_dropped() {
    for (param, value) in [
        ("n", json!(2)),
        ("seed", json!(1)),
        ("presence_penalty", json!(0.5)),
        ("frequency_penalty", json!(-1)),
        ("logit_bias", json!({ "1": 2 })),
        ("logprobs", json!(true)),
        ("top_logprobs", json!(3)),
        ("modalities", json!(["audio"])),
        ("audio", json!({})),
        ("prediction", json!({})),
        ("web_search_options", json!({})),
        ("top_k", json!(5)),
        ("reasoning_effort", json!("low")),
        ("thinking", json!({ "type": "enabled", "budget_tokens": 2000 })),
        ("service_tier", json!("scale")),
    ] {
        let mut request = json!({ "model": "m", "messages": [{ "role": "user", "content": "Hello" }] });
        request[param] = value;
        let error = refused(LLAMA, request.clone());
        assert_eq!(error.param.as_deref(), Some(param));
        assert!(error.message.contains(param) && error.message.contains("drop_params"), "{}", error.message);
        let sent = translate_with(LLAMA, request, &how(true, None)).unwrap();
        assert_eq!(sent, json!({ "messages": [{ "role": "user", "content": [{ "text": "Hello" }] }] }), "{param}");
    }
}

fn with_choice(model: &str, choice: Value) -> Value {
    let mut request = json!({
        "model": "m", "messages": [{ "role": "user", "content": "Hello" }],
        "tools": [{ "type": "function", "function": { "name": "f", "parameters": { "type": "object" } } }],
    });
    request["tool_choice"] = choice;
    translate(model, request)
}

#[test]
fn every_form_of_tool_choice() {
    for (choice, expected) in [
        (json!(null), json!(null)),
        (json!("auto"), json!({ "auto": {} })),
        (json!("required"), json!({ "any": {} })),
        (json!({ "type": "function", "function": { "name": "f" } }), json!({ "tool": { "name": "f" } })),
    ] {
        let sent = with_choice(CLAUDE, choice.clone());
        assert_eq!(sent["toolConfig"]["toolChoice"], expected, "{choice}");
        assert_eq!(sent["toolConfig"]["tools"][0]["toolSpec"]["name"], "f");
    }
    // Nothing has been called yet: no tools are the surest way that none is.
    assert_eq!(with_choice(CLAUDE, json!("none")).get("toolConfig"), None);
}

fn after_a_call(tools: bool) -> Value {
    let mut request = json!({
        "model": "m",
        "tool_choice": "none",
        "messages": [
            { "role": "user", "content": "Weather?" },
            { "role": "assistant", "content": null, "tool_calls": [
                { "id": "c1", "type": "function", "function": { "name": "weather", "arguments": "{\"city\":\"Oslo\"}" } }] },
            { "role": "tool", "tool_call_id": "c1", "content": "12" },
        ],
    });
    if tools {
        request["tools"] = json!([{ "type": "function", "function": { "name": "weather", "description": "d" } }]);
    }
    request
}

#[test]
fn a_conversation_with_calls_goes_on_without_tools() {
    for tools in [true, false] {
        let sent = translate(CLAUDE, after_a_call(tools));
        assert_eq!(sent["toolConfig"]["tools"][0]["toolSpec"]["name"], "weather");
        assert_eq!(sent["toolConfig"].get("toolChoice"), None);
        assert_eq!(sent["additionalModelRequestFields"]["tool_choice"], json!({ "type": "none" }));
        assert_eq!(sent["messages"][1]["content"][0]["toolUse"]["toolUseId"], "c1");
        let sent = translate(LLAMA, after_a_call(tools));
        assert_eq!(sent.get("toolConfig"), None);
        assert_eq!(sent["messages"][1]["content"][0]["text"], "[call c1 of weather: {\"city\":\"Oslo\"}]");
        assert_eq!(sent["messages"][2]["content"][0]["text"], "[result of c1: 12]");
    }
}

#[test]
fn one_call_at_a_time() {
    let mut request = json!({
        "model": "m", "messages": [{ "role": "user", "content": "Hello" }], "parallel_tool_calls": false,
        "tools": [{ "type": "function", "function": { "name": "f" } }],
    });
    let sent = translate(CLAUDE, request.clone());
    let expected = json!({ "disable_parallel_tool_use": true, "type": "auto" });
    assert_eq!(sent["additionalModelRequestFields"]["tool_choice"], expected);
    assert_eq!(refused(NOVA, request.clone()).param.as_deref(), Some("parallel_tool_calls"));
    request["tool_choice"] = json!("required");
    let sent = translate(CLAUDE, request);
    assert_eq!(sent["additionalModelRequestFields"]["tool_choice"], json!({ "disable_parallel_tool_use": true }));
    assert_eq!(sent["toolConfig"]["toolChoice"], json!({ "any": {} }));
}

#[test]
fn claudes_own_tools_pass() {
    let request = json!({
        "model": "m", "messages": [{ "role": "user", "content": "Hello" }],
        "tools": [{ "type": "computer_20250124", "name": "computer", "display_width_px": 10 }],
    });
    let sent = translate(CLAUDE, request.clone());
    let expected = json!([{ "type": "computer_20250124", "name": "computer", "display_width_px": 10 }]);
    assert_eq!(sent["additionalModelRequestFields"]["tools"], expected);
    assert_eq!(refused(NOVA, request).param.as_deref(), Some("tools"));
}

fn with_schema(model: &str, more: Value) -> Value {
    let mut request = json!({
        "model": "m", "messages": [{ "role": "user", "content": "Hello" }],
        "response_format": { "type": "json_schema", "json_schema": { "name": "person", "schema": {
            "type": "object", "properties": { "name": { "type": "string" }, "of": { "type": "object" } } } } },
    });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    translate(model, request)
}

#[test]
fn json_of_a_schema_is_a_call_where_the_model_can_be_made_to() {
    for (model, choice) in [
        (CLAUDE, json!({ "tool": { "name": "tollgate_json_answer" } })),
        (NOVA, json!({ "tool": { "name": "tollgate_json_answer" } })),
        ("mistral.mistral-large-2407-v1:0", json!({ "any": {} })),
        (LLAMA, json!(null)),
    ] {
        let sent = with_schema(model, json!({}));
        let spec = &sent["toolConfig"]["tools"][0]["toolSpec"];
        assert_eq!(spec["name"], "tollgate_json_answer");
        assert_eq!(spec["inputSchema"]["json"]["properties"]["name"]["type"], "string");
        assert_eq!(sent["toolConfig"]["toolChoice"], choice, "{model}");
    }
    // Beside other tools, one of them or the answer has to be called.
    let tools = json!({ "tools": [{ "type": "function", "function": { "name": "f" } }] });
    let sent = with_schema(CLAUDE, tools);
    assert_eq!(sent["toolConfig"]["tools"].as_array().map(Vec::len), Some(2));
    assert_eq!(sent["toolConfig"]["toolChoice"], json!({ "any": {} }));
}

#[test]
fn json_of_a_schema_is_asked_for_natively_where_a_call_cannot_be_forced() {
    let thinking = json!({ "thinking": { "type": "enabled", "budget_tokens": 2000 } });
    for sent in [with_schema("qwen.qwen3-32b-v1:0", json!({})), with_schema(CLAUDE, thinking)] {
        assert_eq!(sent.get("toolConfig"), None);
        let format = &sent["outputConfig"]["textFormat"];
        assert_eq!(format["type"], "json_schema");
        let definition = &format["structure"]["jsonSchema"];
        assert_eq!(definition["name"], "person");
        let schema: Value = serde_json::from_str(definition["schema"].as_str().unwrap()).unwrap();
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["properties"]["of"]["additionalProperties"], false);
    }
}

#[test]
fn any_json_object_is_asked_for_in_words() {
    let request = json!({ "model": "m", "messages": [{ "role": "user", "content": "Hello" }],
        "response_format": { "type": "json_object" } });
    let sent = translate(CLAUDE, request);
    assert!(sent["system"][0]["text"].as_str().unwrap().contains("JSON object"));
    assert_eq!(sent.get("toolConfig"), None);
}

fn with_effort(model: &str, effort: &str, limit: Option<u64>) -> Value {
    let request =
        json!({ "model": "m", "messages": [{ "role": "user", "content": "Hello" }], "reasoning_effort": effort });
    let sent = translate_with(model, request, &how(false, limit)).unwrap();
    sent.get("additionalModelRequestFields").cloned().unwrap_or_default()
}

#[test]
fn effort_in_each_makers_words() {
    let budget = |tokens: u64| json!({ "thinking": { "type": "enabled", "budget_tokens": tokens } });
    for (model, effort, limit, expected) in [
        (CLAUDE, "low", None, budget(1024)),
        (CLAUDE, "medium", None, budget(2048)),
        (CLAUDE, "high", Some(3000), budget(1500)),
        (CLAUDE, "high", Some(2000), budget(1024)),
        (CLAUDE, "high", Some(1024), json!(null)),
        (CLAUDE, "none", None, json!(null)),
        (
            NEW_CLAUDE,
            "minimal",
            None,
            json!({ "thinking": { "type": "adaptive", "display": "summarized" }, "output_config": { "effort": "low" } }),
        ),
        (
            NEW_CLAUDE,
            "max",
            None,
            json!({ "thinking": { "type": "adaptive", "display": "summarized" }, "output_config": { "effort": "max" } }),
        ),
        (
            "amazon.nova-2-lite-v1:0",
            "xhigh",
            None,
            json!({ "reasoningConfig": { "type": "enabled", "maxReasoningEffort": "high" } }),
        ),
        (GPT_OSS, "medium", None, json!({ "reasoning_effort": "medium" })),
        ("openai.gpt-6-sol", "medium", None, json!({ "reasoning": { "effort": "medium" } })),
    ] {
        assert_eq!(with_effort(model, effort, limit), expected, "{model} {effort}");
    }
    let request = json!({ "model": "m", "messages": [{ "role": "user", "content": "x" }], "reasoning_effort": "huge" });
    let error = refused(CLAUDE, request);
    assert!(error.param.as_deref() == Some("reasoning_effort") && error.message.contains("\"xhigh\""), "{error:?}");
}

#[test]
fn thinking_leaves_room_for_an_answer() {
    for (limit, expected) in [(None, json!(9000)), (Some(4000), json!(2000)), (Some(1024), json!(null))] {
        let request = json!({ "model": "m", "messages": [{ "role": "user", "content": "x" }],
            "thinking": { "type": "enabled", "budget_tokens": 9000 } });
        let sent = translate_with(CLAUDE, request, &how(false, limit)).unwrap();
        assert_eq!(sent["additionalModelRequestFields"]["thinking"]["budget_tokens"], expected, "{limit:?}");
    }
}

#[test]
fn claude_does_not_go_on_thinking_where_its_thoughts_are_lost() {
    let mut request = after_a_call(true);
    request["tool_choice"] = json!("auto");
    request["reasoning_effort"] = json!("high");
    let sent = translate(CLAUDE, request.clone());
    assert_eq!(sent.get("additionalModelRequestFields"), None);
    request["messages"][1]["thinking_blocks"] = json!([{ "type": "thinking", "thinking": "t", "signature": "s" }]);
    let sent = translate(CLAUDE, request);
    assert_eq!(sent["additionalModelRequestFields"]["thinking"]["budget_tokens"], 4096);
}

#[test]
fn claude_is_asked_how_much_it_thought() {
    let request = json!({ "model": "m", "messages": [{ "role": "user", "content": "x" }], "reasoning_effort": "low" });
    let sent = translate(CLAUDE, request.clone());
    assert_eq!(sent["additionalModelResponseFieldPaths"], json!(["/usage/output_tokens_details"]));
    assert_eq!(translate(GPT_OSS, request).get("additionalModelResponseFieldPaths"), None);
}

#[test]
fn some_models_are_never_forced() {
    let sent = with_schema("anthropic.claude-sonnet-5-5", json!({}));
    assert!(sent.get("toolConfig").is_none() && sent.get("outputConfig").is_some(), "{sent}");
}

#[test]
fn claude_is_not_forced_to_call_while_it_thinks() {
    let mut request = after_a_call(true);
    request["tool_choice"] = json!("required");
    request["thinking"] = json!({ "type": "enabled", "budget_tokens": 2000 });
    assert_eq!(refused(CLAUDE, request.clone()).param.as_deref(), Some("tool_choice"));
    let sent = translate_with(CLAUDE, request, &how(true, None)).unwrap();
    assert_eq!(sent["toolConfig"]["toolChoice"], json!({ "auto": {} }));
}

#[test]
fn claude_lets_nobody_choose_its_words_while_it_thinks() {
    for (name, value) in [("temperature", json!(0.5)), ("top_p", json!(0.5)), ("top_k", json!(5))] {
        let mut request = json!({ "model": "m", "messages": [{ "role": "user", "content": "x" }], name: value });
        translate(CLAUDE, request.clone());
        request["reasoning_effort"] = json!("high");
        assert_eq!(refused(CLAUDE, request.clone()).param.as_deref(), Some(name));
        let sent = translate_with(CLAUDE, request, &how(true, None)).unwrap();
        assert_eq!(sent.get("inferenceConfig"), None, "{name}");
        assert_eq!(sent["additionalModelRequestFields"].get("top_k"), None, "{name}");
    }
}

fn with_part(part: Value) -> Value {
    json!({ "model": "m", "messages": [{ "role": "user", "content": [{ "type": "text", "text": "Look" }, part] }] })
}

#[test]
fn media_of_every_kind() {
    for (part, expected) in [
        (
            json!({ "type": "image_url", "image_url": { "url": "s3://bucket/a.webp" } }),
            json!({ "image": { "format": "webp", "source": { "s3Location": { "uri": "s3://bucket/a.webp" } } } }),
        ),
        (
            json!({ "type": "image_url", "image_url": { "url": "data:application/pdf;base64,QQ==" } }),
            json!({ "document": { "format": "pdf", "name": "document", "source": { "bytes": "QQ==" } } }),
        ),
        (
            json!({ "type": "file", "file": { "filename": "a/b:c_d.csv", "file_data": "QQ==" } }),
            json!({ "document": { "format": "csv", "name": "a b c d", "source": { "bytes": "QQ==" } } }),
        ),
        (
            json!({ "type": "file", "file": { "file_id": "s3://bucket/x.docx" } }),
            json!({ "document": { "format": "docx", "name": "document", "source": { "s3Location": { "uri": "s3://bucket/x.docx" } } } }),
        ),
        (
            json!({ "type": "video_url", "video_url": "data:video/mp4;base64,QQ==" }),
            json!({ "video": { "format": "mp4", "source": { "bytes": "QQ==" } } }),
        ),
        (
            json!({ "type": "input_audio", "input_audio": { "data": "QQ==", "format": "wav" } }),
            json!({ "audio": { "format": "wav", "source": { "bytes": "QQ==" } } }),
        ),
        (
            json!({ "type": "guarded_text", "text": "judge me" }),
            json!({ "guardContent": { "text": { "text": "judge me" } } }),
        ),
    ] {
        let sent = translate(NOVA, with_part(part));
        assert_eq!(sent["messages"][0]["content"][1], expected);
    }
}

#[test]
fn media_that_bedrock_cannot_take_is_refused_with_the_reason() {
    for (part, reason) in [
        (json!({ "type": "image_url", "image_url": { "url": "https://example.com/a.png" } }), "data URI"),
        (json!({ "type": "image_url", "image_url": { "url": "data:image/tiff;base64,QQ==" } }), "image/tiff"),
        (json!({ "type": "file", "file": { "file_data": "QQ==" } }), "not known"),
        (json!({ "type": "input_audio", "input_audio": { "data": "QQ==", "format": "amr" } }), "amr"),
        (json!({ "type": "hologram" }), "hologram"),
    ] {
        let error = refused(NOVA, with_part(part));
        assert_eq!(error.param.as_deref(), Some("messages"));
        assert!(error.message.contains(reason), "{}", error.message);
    }
}

#[test]
fn documents_have_names_of_their_own() {
    let file =
        json!({ "type": "file", "file": { "filename": "a.pdf", "file_data": "data:application/pdf;base64,QQ==" } });
    let request = json!({ "model": "m", "messages": [{ "role": "user", "content": [file, file, file] }] });
    let sent = translate(NOVA, request);
    let names: Vec<_> = (0..3).map(|n| sent["messages"][0]["content"][n]["document"]["name"].clone()).collect();
    assert_eq!(names, ["a", "a 2", "a 3"]);
}

#[test]
fn calls_in_the_form_before_tools() {
    let request = json!({ "model": "m", "messages": [
        { "role": "user", "content": "x" },
        { "role": "assistant", "content": null, "function_call": { "name": "f", "arguments": "{}" } },
        { "role": "function", "name": "f", "content": "1" },
    ] });
    let sent = translate(CLAUDE, request);
    assert_eq!(sent["messages"][1]["content"][0]["toolUse"]["toolUseId"], "function-1");
    assert_eq!(sent["messages"][2]["content"][0]["toolResult"]["toolUseId"], "function-1");
}

#[test]
fn an_empty_conversation_is_refused() {
    for messages in
        [json!([]), json!([{ "role": "system", "content": "s" }]), json!([{ "role": "user", "content": " " }])]
    {
        assert_eq!(refused(NOVA, json!({ "model": "m", "messages": messages })).param.as_deref(), Some("messages"));
    }
}

#[test]
fn the_deployments_own_fields_hold_unless_the_client_says_otherwise() {
    let defaults = json!({ "guardrailConfig": { "guardrailIdentifier": "default" } });
    let converse = Converse::new(NOVA, None, defaults.as_object().unwrap().clone());
    let mut request = json!({ "model": "m", "messages": [{ "role": "user", "content": "x" }] });
    for expected in ["default", "mine"] {
        let sent = converse.request(&body(request.clone()), &how(false, None)).unwrap();
        let sent: Value = serde_json::from_slice(&sent).unwrap();
        assert_eq!(sent["guardrailConfig"]["guardrailIdentifier"], expected);
        request["guardrailConfig"] = json!({ "guardrailIdentifier": "mine" });
    }
}

#[test]
fn the_base_model_tells_what_an_arn_hides() {
    let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc";
    let request = json!({ "model": "m", "messages": [{ "role": "user", "content": "x" }], "reasoning_effort": "low" });
    for (base, field) in
        [(None, "reasoning_effort"), (Some("bedrock/us.anthropic.claude-opus-4-6-v1"), "output_config")]
    {
        let converse = Converse::new(arn, base, Map::new());
        let sent = converse.request(&body(request.clone()), &how(false, None)).unwrap();
        let sent: Value = serde_json::from_slice(&sent).unwrap();
        assert!(sent["additionalModelRequestFields"].get(field).is_some(), "{sent}");
    }
}

#[test]
fn addresses_have_the_models_id_encoded() {
    let (whole, stream) = super::super::addresses("https://bedrock-runtime.us-east-1.amazonaws.com", CLAUDE).unwrap();
    let base = "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0";
    assert_eq!(whole.as_str(), format!("{base}/converse"));
    assert_eq!(stream.as_str(), format!("{base}/converse-stream"));
    let arn = "arn:aws:bedrock:us-east-1:1:inference-profile/x";
    let (whole, _) = super::super::addresses("http://127.0.0.1:1/prefix/", arn).unwrap();
    let path = "/prefix/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx/converse";
    assert_eq!(whole.path(), path);
    assert!(super::super::addresses("nowhere", "m").is_err());
}
