//! Whole answers and errors: one snapshot a provider.

use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::{assert_golden, deployment, fixtures, protocol, text, wire};
use crate::gateway::upstream::UpstreamFailure;
use crate::gateway::{messages, outgoing};
use crate::provider::openai::read_answer;

#[test]
fn each_answer_is_told_in_both_protocols() {
    for (provider, path) in fixtures("answers") {
        let deployment = deployment(&provider);
        let fixture: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let mut out = String::new();
        for (name, body) in fixture.as_object().unwrap().iter().filter(|(name, _)| *name != "errors") {
            out.push_str(&format!("# {name}\n"));
            match wire::openai_answer(&deployment, &body.to_string().into()) {
                Ok(openai) => write_answer(&mut out, &openai),
                Err(reason) => out.push_str(&format!("no answer: {reason}\n")),
            }
            out.push('\n');
        }
        for error in fixture.get("errors").and_then(Value::as_array).into_iter().flatten() {
            write_error(&mut out, &deployment, error);
        }
        assert_golden("answers", &provider, &out);
    }
}

fn write_answer(out: &mut String, openai: &Bytes) {
    text::section(out, "OPENAI", &serde_json::from_slice(openai).unwrap());
    let anthropic = messages::answer::encode(openai).unwrap();
    text::section(out, "ANTHROPIC", &serde_json::from_slice(&anthropic).unwrap());
    out.push_str(&format!("BOOKED {}\n", super::streams::booked(read_answer(openai).usage)));
}

/// An error is its status and its body.
fn write_error(out: &mut String, deployment: &crate::router::Deployment, error: &Value) {
    let status = error[0].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap();
    out.push_str(&format!("# error {error}\n"));
    let failure = UpstreamFailure::Status { status, headers: HeaderMap::new(), body: error[1].to_string().into() };
    let failure = outgoing::openai_error(protocol(deployment), failure);
    let UpstreamFailure::Status { status, headers, body } = failure else { panic!("{failure:?}") };
    let told: Value = serde_json::from_slice(&body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&body)));
    text::write(out, 0, &format!("OPENAI {status} "), &told);
    if !headers.is_empty() {
        out.push_str(&format!("  {headers:?}\n"));
    }
    let anthropic: Value = serde_json::from_slice(&messages::answer::encode_error(status, &body)).unwrap();
    text::write(out, 0, &format!("ANTHROPIC {status} "), &anthropic);
    out.push('\n');
}
