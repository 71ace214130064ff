//! What calls cost, reckoned by hand: each provider's own figures, as its documentation shapes them, become legs that do
//! not overlap, and the legs money at the prices of the catalog, to the nano-dollar.
//!
//! A price of one dollar per million tokens is 1,000 nano-dollars a token; so are the factors of the tables written.

mod imitators;
mod openai;
mod own;
mod tasks;

use serde_json::{Value, json};
use tollgate_openapi::spend::SpendLogView;

use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, Call, FakeUpstream, TestApp};
use crate::task::{form, with_form};

/// A call and what it costs.
pub(super) struct Row {
    /// As configurations name it.
    model: &'static str,
    /// What the provider answers.
    answer: Value,
    /// Tokens that the log shows: read, of them from the cache and into the cache, written, of them thought.
    tokens: Tokens,
    /// Nano-dollars.
    cost: i64,
    /// More lines of `litellm_params`.
    params: Vec<&'static str>,
    /// More lines of `model_info`.
    info: Vec<&'static str>,
    /// Where a token has to be fetched first.
    needs_token: bool,
    /// What is asked, but for the model; a conversation where nothing is said.
    asked: Asked,
    /// The provider's headers.
    headers: Vec<(&'static str, &'static str)>,
}

enum Asked {
    Json(&'static str, Value),
    /// A recording to be written down.
    Recording,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tokens {
    read: i64,
    cached: i64,
    stored: i64,
    written: i64,
    thought: i64,
}

pub(super) const fn tokens(read: i64, cached: i64, stored: i64, written: i64, thought: i64) -> Tokens {
    Tokens { read, cached, stored, written, thought }
}

impl Row {
    pub(super) fn new(model: &'static str, answer: Value, tokens: Tokens, cost: i64) -> Self {
        Self {
            model,
            answer,
            tokens,
            cost,
            params: vec![],
            info: vec![],
            needs_token: false,
            asked: Asked::Json(CHAT, ask("")),
            headers: vec![],
        }
    }

    pub(super) fn param(mut self, line: &'static str) -> Self {
        self.params.push(line);
        self
    }

    pub(super) fn info(mut self, line: &'static str) -> Self {
        self.info.push(line);
        self
    }

    pub(super) fn asked(mut self, path: &'static str, body: Value) -> Self {
        self.asked = Asked::Json(path, body);
        self
    }

    pub(super) fn recording(mut self) -> Self {
        self.asked = Asked::Recording;
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    fn call(&self, app: &TestApp, model: &str) -> Call {
        match &self.asked {
            Asked::Json(path, body) => {
                let mut body = body.clone();
                body["model"] = json!(model);
                app.post(path, body)
            }
            Asked::Recording => {
                let form = form(&[("model", model)], ("file", "RIFFsound"));
                with_form(app).post_form("/v1/audio/transcriptions", &form)
            }
        }
    }

    fn deployment(&self, upstream: &FakeUpstream, name: &str) -> String {
        let whole = upstream.deployment_of(self.model, name, name);
        let plain: Vec<&str> = whole.lines().filter(|line| !line.contains("cost_per_token")).collect();
        let indented = |lines: &[&str]| lines.iter().map(|line| format!("      {line}\n")).collect::<String>();
        // Somebody who signed in; the fake provider gives them tokens, too.
        let credentials = json!({ "type": "authorized_user", "client_id": "c", "client_secret": "s",
            "refresh_token": "r", "token_uri": upstream.base() });
        let credentials = format!("      vertex_credentials: '{credentials}'\n");
        let credentials = if self.needs_token { &*credentials } else { "" };
        let params = format!("{}{credentials}    model_info:", indented(&self.params));
        format!("{}\n{}", plain.join("\n").replace("    model_info:", &params), indented(&self.info))
    }

    async fn check(&self, app: &TestApp, upstream: &FakeUpstream, name: &str) {
        if self.needs_token {
            let token = json!({ "access_token": "t", "expires_in": 3600 }).to_string();
            upstream.then(Behaviour::Status(200, token, vec![]));
        }
        upstream.then(Behaviour::Status(200, self.answer.to_string(), self.headers.clone()));
        let what = format!("{name} {}", self.model);
        let answer = self.call(app, name).send().await;
        assert_eq!(answer.status, 200, "{what}: {}", answer.body());
        app.settled().await;
        let call_id = answer.header("x-litellm-call-id");
        let calls: Vec<SpendLogView> =
            app.get(&format!("/spend/logs?request_id={call_id}")).expect_status(200).await.json();
        let call = calls.first().unwrap_or_else(|| panic!("{what} is not in the log"));
        let found = tokens(
            call.prompt_tokens,
            call.cache_read_input_tokens,
            call.cache_creation_input_tokens,
            call.completion_tokens,
            call.reasoning_tokens,
        );
        assert_eq!((&found, call.spend.0), (&self.tokens, self.cost), "{what}");
    }
}

async fn check_all(rows: Vec<Row>) {
    let upstream = FakeUpstream::start();
    let name = |index: usize| format!("row-{index}");
    let deployments = rows.iter().enumerate().map(|(index, row)| row.deployment(&upstream, &name(index)));
    let config = format!("model_list:\n{}", deployments.collect::<String>());
    let app = TestApp::builder().config(&config).start().await;
    for (index, row) in rows.iter().enumerate() {
        row.check(&app, &upstream, &name(index)).await;
    }
}
