//! Requests: one snapshot each, with what every provider is told.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{assert_golden, deployments, fixtures, text};
use crate::gateway::incoming::Incoming;
use crate::gateway::outgoing;
use crate::provider::openai::RequestError;
use crate::router::Deployment;

/// What is found at the addresses in the fixtures.
const FOUND: [(&str, &str); 2] = [
    ("https://example.com/cat.png", "data:image/png;base64,RkVUQ0hFRA=="),
    ("https://example.com/report.pdf", "data:application/pdf;base64,JVBERi0xLjQ="),
];
/// Members that no provider is told under a name of its own: where the call goes, and how it is answered.
const NOT_COMPARED: [&str; 3] = ["model", "messages", "stream"];

#[test]
fn each_provider_is_told_each_request() {
    let deployments = deployments();
    for (name, path) in fixtures("requests") {
        let fixture: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let mut out = String::new();
        text::section(&mut out, "REQUEST", &without(&fixture, "variants"));
        for variant in variants(&fixture) {
            let more = variant.as_object().unwrap();
            if !more.is_empty() {
                out.push_str(&format!("\nWITH {variant}\n"));
            }
            let mut request = without(&fixture, "variants");
            request.as_object_mut().unwrap().extend(more.clone());
            write_groups(&mut out, &request, &deployments);
        }
        assert_golden("requests", &name, &out);
    }
}

fn variants(fixture: &Value) -> Vec<Value> {
    fixture.get("variants").and_then(Value::as_array).cloned().unwrap_or_else(|| vec![json!({})])
}

/// Providers that are told the same stand together.
fn write_groups(out: &mut String, request: &Value, deployments: &[(&str, Deployment)]) {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for (name, deployment) in deployments {
        let told = told(request, deployment);
        match groups.iter_mut().find(|(known, _)| *known == told) {
            Some((_, names)) => names.push(name),
            None => groups.push((told, vec![name])),
        }
    }
    for (told, names) in groups {
        out.push_str(&format!("\n{}\n{told}", names.join(", ")));
    }
}

/// What a provider is told; where it does not take all of it, what the client is told, and what the provider is told once
/// that is dropped.
fn told(request: &Value, deployment: &Deployment) -> String {
    let mut out = String::new();
    let sent = sent(request, deployment, false).or_else(|refusal| {
        out.push_str(&format!("  400 {}: {}\n", refusal.param.as_deref().unwrap_or("-"), refusal.message));
        sent(request, deployment, true)
    });
    let Ok(body) = sent else {
        out.push_str("  the same with drop_params\n");
        return out;
    };
    let members = request.as_object().unwrap().keys().filter(|name| !NOT_COMPARED.contains(&name.as_str()));
    let untold: Vec<&str> =
        members.map(String::as_str).filter(|name| is_untold(request, name, deployment, &body)).collect();
    if !untold.is_empty() {
        out.push_str(&format!("  (not told: {})\n", untold.join(", ")));
    }
    if body == as_it_came(request) {
        out.push_str("  as it came\n");
        return out;
    }
    for (name, value) in body.as_object().unwrap().iter().filter(|(name, _)| *name != "model") {
        text::write(&mut out, 2, &format!("{name}: "), value);
    }
    out
}

/// A provider that is told the same without it is not told of it.
fn is_untold(request: &Value, name: &str, deployment: &Deployment, body: &Value) -> bool {
    sent(&without(request, name), deployment, true).is_ok_and(|rest| rest == *body)
}

fn as_it_came(request: &Value) -> Value {
    let mut body = request.clone();
    body["model"] = json!("MODEL");
    body
}

fn sent(request: &Value, deployment: &Deployment, drop_params: bool) -> Result<Value, RequestError> {
    let incoming = Incoming::chat_completion(Bytes::from(request.to_string()), None)?;
    for (url, data) in FOUND {
        incoming.media.note(url, data);
    }
    let body = outgoing::body(deployment, &incoming, None, drop_params)?;
    let mut body: Value = serde_json::from_slice(&body).unwrap();
    if let Some(model) = body.get_mut("model") {
        *model = json!("MODEL");
    }
    Ok(body)
}

fn without(value: &Value, name: &str) -> Value {
    let mut value = value.clone();
    value.as_object_mut().unwrap().shift_remove(name);
    value
}
