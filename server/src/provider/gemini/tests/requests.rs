//! Requests.

use super::*;

#[test]
fn a_conversation_becomes_turns() {
    let body = json!({
        "model": "m",
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": [
                { "type": "text", "text": "Look:", "cache_control": { "type": "ephemeral" } },
                { "type": "image_url", "image_url": { "url": "data:image/png;base64,QUJD", "detail": "high" } },
                { "type": "image_url", "image_url": { "url": "https://example.com/a.JPG?size=1" } },
                { "type": "image_url", "image_url": { "url": "gs://bucket/b", "format": "image/webp" } },
                { "type": "input_audio", "input_audio": { "data": "UklG", "format": "wav" } },
                { "type": "video_url", "video_url": { "url": "https://www.youtube.com/watch?v=1" } },
                { "type": "file", "file": { "file_data": "data:application/pdf;base64,JVBE", "filename": "a.pdf" } },
                { "type": "file", "file": { "file_data": "aGk=", "filename": "a.txt" } },
                { "type": "file", "file": { "file_id": "https://generativelanguage.googleapis.com/v1beta/files/x", "format": "video/mp4" } },
            ] },
            { "role": "user", "content": "And?" },
            { "role": "assistant", "content": "Well.", "reasoning_content": "Hm." },
            { "role": "developer", "content": [{ "type": "text", "text": "Be kind." }] },
            { "role": "user", "content": "Go on." },
        ],
    });
    let expected = json!({
        "systemInstruction": { "parts": [{ "text": "Be brief." }, { "text": "Be kind." }] },
        "contents": [
            { "role": "user", "parts": [
                { "text": "Look:" },
                { "inlineData": { "mimeType": "image/png", "data": "QUJD" } },
                { "fileData": { "mimeType": "image/jpeg", "fileUri": "https://example.com/a.JPG?size=1" } },
                { "fileData": { "mimeType": "image/webp", "fileUri": "gs://bucket/b" } },
                { "inlineData": { "mimeType": "audio/wav", "data": "UklG" } },
                { "fileData": { "fileUri": "https://www.youtube.com/watch?v=1" } },
                { "inlineData": { "mimeType": "application/pdf", "data": "JVBE" } },
                { "inlineData": { "mimeType": "text/plain", "data": "aGk=" } },
                { "fileData": { "mimeType": "video/mp4", "fileUri": "https://generativelanguage.googleapis.com/v1beta/files/x" } },
                { "text": "And?" },
            ] },
            { "role": "model", "parts": [{ "text": "Well." }] },
            { "role": "user", "parts": [{ "text": "Go on." }] },
        ],
        "generationConfig": { "mediaResolution": "MEDIA_RESOLUTION_HIGH" },
    });
    assert_eq!(sent(body), expected);
}

#[test]
fn every_setting_arrives_under_its_name() {
    let body = asking(json!({
        "temperature": 0.5, "top_p": 0.9, "top_k": 5, "n": 2, "max_tokens": 9, "stop": ["A", "B"], "seed": -1,
        "presence_penalty": 0.1, "frequency_penalty": 0.2, "logprobs": true, "top_logprobs": 3, "stream": true,
        "stream_options": { "include_usage": true }, "user": "u", "service_tier": "flex", "metadata": { "a": "b" },
        "modalities": ["text", "image", "audio"], "audio": { "voice": "Kore", "format": "pcm16" },
        "safety_settings": [{ "category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE" }],
        "cachedContent": "cachedContents/1", "labels": { "team": "red" }, "imageConfig": { "aspectRatio": "1:1" },
        "media_resolution": "MEDIA_RESOLUTION_LOW",
    }));
    let limited = Translation { max_output_tokens: Some(7), ..how("gemini-2.5-flash", false) };
    let expected = json!({
        "contents": [{ "role": "user", "parts": [{ "text": "Hi" }] }],
        "generationConfig": {
            "temperature": 0.5, "topP": 0.9, "topK": 5, "candidateCount": 2, "maxOutputTokens": 7,
            "stopSequences": ["A", "B"], "seed": -1, "presencePenalty": 0.1, "frequencyPenalty": 0.2,
            "responseLogprobs": true, "logprobs": 3, "responseModalities": ["TEXT", "IMAGE", "AUDIO"],
            "speechConfig": { "voiceConfig": { "prebuiltVoiceConfig": { "voiceName": "Kore" } } },
            "imageConfig": { "aspectRatio": "1:1" }, "mediaResolution": "MEDIA_RESOLUTION_LOW",
        },
        "serviceTier": "flex",
        "safetySettings": [{ "category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE" }],
        "cachedContent": "cachedContents/1", "labels": { "team": "red" },
    });
    assert_eq!(translated(body, &limited).unwrap(), expected);
}

#[test]
fn a_plain_question_says_nothing_it_need_not() {
    let expected = json!({ "contents": [{ "role": "user", "parts": [{ "text": "Hi" }] }] });
    assert_eq!(sent(asking(json!({ "n": 1, "response_format": { "type": "text" } }))), expected);
}

#[test]
fn instructions_alone_are_a_turn() {
    let body = json!({ "model": "m", "messages": [{ "role": "system", "content": "Tell a joke." }] });
    assert_eq!(sent(body), json!({ "contents": [{ "role": "user", "parts": [{ "text": "Tell a joke." }] }] }));
}

fn weather() -> Value {
    json!({ "type": "function", "function": {
        "name": "weather", "description": "Tells it.", "strict": true,
        "parameters": { "$schema": "s", "type": "object", "properties": { "city": { "$ref": "#/$defs/C" } },
            "$defs": { "C": { "const": "Oslo" } }, "additionalProperties": false },
    } })
}

#[test]
fn functions_keep_their_schemas_whole() {
    let nothing = json!({ "type": "function", "function": { "name": "now", "parameters": { "type": "object", "properties": {} } } });
    let request = sent(asking(json!({ "tools": [weather(), nothing] })));
    let schema = weather()["function"]["parameters"].clone();
    let expected = json!([{ "functionDeclarations": [
        { "name": "weather", "description": "Tells it.", "parametersJsonSchema": schema },
        { "name": "now" },
    ] }]);
    assert_eq!(request["tools"], expected);
    assert!(request.get("toolConfig").is_none());
}

#[test]
fn every_tool_choice_has_a_mode() {
    for (choice, expected) in [
        (json!("auto"), json!({ "mode": "AUTO" })),
        (json!("none"), json!({ "mode": "NONE" })),
        (json!("required"), json!({ "mode": "ANY" })),
        (
            json!({ "type": "function", "function": { "name": "weather" } }),
            json!({ "mode": "ANY", "allowedFunctionNames": ["weather"] }),
        ),
    ] {
        let request = sent(asking(json!({ "tools": [weather()], "tool_choice": choice })));
        assert_eq!(request["toolConfig"], json!({ "functionCallingConfig": expected }), "{choice}");
    }
    assert!(sent(asking(json!({ "tool_choice": "auto" }))).get("toolConfig").is_none());
}

#[test]
fn googles_own_tools_pass() {
    let tools =
        json!([{ "googleSearch": {} }, { "type": "web_search" }, { "code_execution": {} }, { "urlContext": {} }]);
    let request = sent(asking(json!({ "tools": tools, "web_search_options": {} })));
    assert_eq!(request["tools"], json!([{ "googleSearch": {} }, { "codeExecution": {} }, { "urlContext": {} }]));
    assert_eq!(sent(asking(json!({ "web_search_options": {} })))["tools"], json!([{ "googleSearch": {} }]));
    assert_eq!(refused(asking(json!({ "tools": [{ "type": "mystery" }] }))).param.as_deref(), Some("tools"));
}

fn tools_history(signature: Value) -> Value {
    json!({ "model": "m", "messages": [
        { "role": "user", "content": "Weather?" },
        { "role": "assistant", "content": null, "tool_calls": [
            { "id": "a", "type": "function", "function": { "name": "weather", "arguments": "{\"city\": \"Oslo\"}" },
              "provider_specific_fields": signature },
            { "id": "b", "type": "function", "function": { "name": "now", "arguments": "" } },
        ] },
        { "role": "tool", "tool_call_id": "b", "content": "noon" },
        { "role": "tool", "tool_call_id": "a", "content": [
            { "type": "text", "text": "{\"sun\": 1}" }, { "type": "image_url", "image_url": "data:image/png;base64,QUJD" },
        ] },
        { "role": "user", "content": "Thanks." },
    ] })
}

#[test]
fn results_follow_their_calls_in_order() {
    let request = sent(tools_history(Value::Null));
    let expected = json!([
        { "role": "user", "parts": [{ "text": "Weather?" }] },
        { "role": "model", "parts": [
            { "functionCall": { "name": "weather", "args": { "city": "Oslo" } } },
            { "functionCall": { "name": "now", "args": {} } },
        ] },
        { "role": "user", "parts": [
            { "functionResponse": { "name": "weather", "response": { "sun": 1 } } },
            { "inlineData": { "mimeType": "image/png", "data": "QUJD" } },
            { "functionResponse": { "name": "now", "response": { "output": "noon" } } },
        ] },
        { "role": "user", "parts": [{ "text": "Thanks." }] },
    ]);
    assert_eq!(request["contents"], expected);
}

#[test]
fn signatures_go_back_where_they_came_from() {
    let model = "gemini-3-pro-preview";
    let request = sent_to(model, tools_history(json!({ "thought_signature": "U0lH" })));
    let calls = &request["contents"][1]["parts"];
    assert_eq!(calls[0]["thoughtSignature"], "U0lH");
    assert_eq!(calls[0]["functionCall"]["id"], "a");
    assert!(calls[1].get("thoughtSignature").is_none());
    assert_eq!(request["contents"][2]["parts"][0]["functionResponse"]["id"], "a");

    let in_id = json!({ "model": "m", "messages": [
        { "role": "user", "content": "Hi" },
        { "role": "assistant", "tool_calls": [{ "id": "a__thought__U0lH", "type": "function",
            "function": { "name": "now", "arguments": "{}" } }] },
        { "role": "tool", "tool_call_id": "a__thought__U0lH", "content": "noon" },
    ] });
    let request = sent_to(model, in_id);
    assert_eq!(request["contents"][1]["parts"][0]["thoughtSignature"], "U0lH");
    assert_eq!(request["contents"][1]["parts"][0]["functionCall"]["id"], "a");
    assert_eq!(request["contents"][2]["parts"][0]["functionResponse"]["id"], "a");

    let text = json!({ "model": "m", "messages": [
        { "role": "user", "content": "Hi" },
        { "role": "assistant", "content": "Yes.", "provider_specific_fields": { "thought_signatures": ["VA==", "U0lH"] },
          "tool_calls": [{ "id": "a", "type": "function", "function": { "name": "now", "arguments": "{}" },
            "provider_specific_fields": { "thought_signature": "U0lH" } }] },
        { "role": "tool", "tool_call_id": "a", "content": "noon" },
    ] });
    let request = sent_to(model, text);
    assert_eq!(request["contents"][1]["parts"][0], json!({ "text": "Yes.", "thoughtSignature": "VA==" }));
    assert_eq!(request["contents"][1]["parts"][1]["thoughtSignature"], "U0lH");
}

/// Google refuses calls without a signature, and takes these bytes for one where another model made the call.
#[test]
fn calls_of_other_models_need_no_signature() {
    let request = sent_to("gemini-3-flash-preview", tools_history(Value::Null));
    let calls = &request["contents"][1]["parts"];
    assert_eq!(calls[0]["thoughtSignature"], "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=");
    assert!(calls[1].get("thoughtSignature").is_none());
}

#[test]
fn answers_in_json_have_its_schema() {
    let schema = json!({ "type": "object", "properties": { "a": { "type": ["string", "null"] } } });
    let format = json!({ "type": "json_schema", "json_schema": { "name": "n", "strict": true, "schema": schema } });
    let config = &sent(asking(json!({ "response_format": format })))["generationConfig"];
    assert_eq!(*config, json!({ "responseMimeType": "application/json", "responseJsonSchema": schema }));
    let config = &sent(asking(json!({ "response_format": { "type": "json_object" } })))["generationConfig"];
    assert_eq!(*config, json!({ "responseMimeType": "application/json" }));
}

fn thinking(model: &str, fields: Value) -> Value {
    sent_to(model, asking(fields))["generationConfig"]["thinkingConfig"].clone()
}

#[test]
fn efforts_are_budgets_for_models_of_2_5_and_levels_after() {
    for (effort, flash, pro, level, is_shown) in [
        ("none", 0, 128, "MINIMAL", false),
        ("minimal", 1, 128, "MINIMAL", true),
        ("low", 1024, 1024, "LOW", true),
        ("medium", 2048, 2048, "MEDIUM", true),
        ("high", 4096, 4096, "HIGH", true),
        ("xhigh", 24_576, 24_576, "HIGH", true),
    ] {
        let fields = json!({ "reasoning_effort": effort });
        let budget = |tokens: i64| json!({ "includeThoughts": is_shown, "thinkingBudget": tokens });
        assert_eq!(thinking("gemini-2.5-flash", fields.clone()), budget(flash), "{effort}");
        assert_eq!(thinking("gemini-2.5-pro", fields.clone()), budget(pro), "{effort}");
        let expected = json!({ "includeThoughts": is_shown, "thinkingLevel": level });
        assert_eq!(thinking("gemini-3-flash-preview", fields), expected, "{effort}");
    }
    let least = thinking("gemini-3-pro-preview", json!({ "reasoning_effort": "minimal" }));
    assert_eq!(least, json!({ "includeThoughts": true, "thinkingLevel": "LOW" }));
}

#[test]
fn anthropics_form_of_thinking_is_understood() {
    for (field, budget, level) in [
        (json!({ "type": "enabled", "budget_tokens": 1234 }), json!(1234), json!("MEDIUM")),
        (json!({ "type": "enabled", "budget_tokens": 20_000 }), json!(20_000), json!("HIGH")),
        (json!({ "type": "enabled", "budget_tokens": 0 }), json!(0), json!("MINIMAL")),
        (json!({ "type": "disabled" }), json!(0), json!("MINIMAL")),
        (json!({ "type": "adaptive" }), json!(-1), Value::Null),
    ] {
        let fields = json!({ "thinking": field });
        assert_eq!(thinking("gemini-2.5-flash", fields.clone())["thinkingBudget"], budget, "{field}");
        assert_eq!(thinking("gemini-3-flash", fields)["thinkingLevel"], level, "{field}");
    }
    let own =
        thinking("gemini-2.5-flash", json!({ "thinkingConfig": { "thinkingBudget": 5 }, "reasoning_effort": "low" }));
    assert_eq!(own, json!({ "thinkingBudget": 5 }));
}

#[test]
fn what_cannot_be_said_is_refused_by_name_or_dropped() {
    for (fields, param) in [
        (json!({ "logit_bias": { "1": 2 } }), "logit_bias"),
        (json!({ "parallel_tool_calls": false, "tools": [weather()] }), "parallel_tool_calls"),
        (json!({ "modalities": ["smell"] }), "modalities"),
    ] {
        assert_eq!(refused(asking(fields.clone())).param.as_deref(), Some(param));
        assert!(translated(asking(fields), &how("gemini-2.5-flash", true)).is_ok());
    }
    let unknown = refused(asking(json!({ "novelty": 1 })));
    assert!(unknown.message.contains("'novelty'"), "{unknown}");
    for (fields, param) in [
        (json!({ "reasoning_effort": "strong" }), "reasoning_effort"),
        (json!({ "thinking": { "type": "enabled", "budget_tokens": -5 } }), "thinking"),
    ] {
        assert_eq!(refused(asking(fields)).param.as_deref(), Some(param));
    }
    let older = translated(asking(json!({ "reasoning_effort": "low" })), &how("gemini-2.0-flash", false));
    assert_eq!(older.unwrap_err().param.as_deref(), Some("reasoning_effort"));
    assert!(
        sent_to("gemini-2.0-flash", asking(json!({ "reasoning_effort": "none" }))).get("generationConfig").is_none()
    );
}

#[test]
fn broken_messages_are_refused() {
    for (message, words) in [
        (json!({ "role": "tool", "tool_call_id": "x", "content": "y" }), "\"x\""),
        (json!({ "role": "user", "content": [{ "type": "file", "file": {} }] }), "neither file_data nor file_id"),
        (json!({ "role": "user", "content": [{ "type": "image_url", "image_url": "QUJD" }] }), "image_url"),
        (json!({ "role": "user", "content": [{ "type": "hologram" }] }), "hologram"),
        (
            json!({ "role": "user", "content": [{ "type": "file", "file": { "file_data": "data:text/plain,hi" } }] }),
            "base64",
        ),
    ] {
        let error = refused(json!({ "model": "m", "messages": [{ "role": "user", "content": "a" }, message] }));
        assert_eq!(error.param.as_deref(), Some("messages"));
        assert!(error.message.contains(words), "{error}");
    }
}

#[test]
fn models_of_3_look_at_each_image_as_asked() {
    let part = json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,QUJD", "detail": "low" } });
    let body = json!({ "model": "m", "messages": [{ "role": "user", "content": [part] }] });
    let request = sent_to("gemini-3-flash", body);
    let expected = json!({ "inlineData": { "mimeType": "image/png", "data": "QUJD" },
        "mediaResolution": { "level": "MEDIA_RESOLUTION_LOW" } });
    assert_eq!(request["contents"][0]["parts"][0], expected);
    assert!(request.get("generationConfig").is_none());
}
