//! A provider of the tests' own: it does what it is told and remembers what it was sent.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::Notify;

/// What the upstream does with a call.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    /// Answers as a model would, streaming where asked: "Hello there" for 10 input and 20 output tokens.
    Answer,
    /// Answers with this status, body and headers.
    Status(u16, String, Vec<(&'static str, &'static str)>),
    /// Sends these bytes as a stream, this long after one another, and ends it.
    Stream(Vec<String>, Duration),
    /// Sends these bytes as a stream and breaks the connection.
    Truncate(Vec<String>),
    /// Sends these bytes as a stream and then nothing for ever.
    Stall(Vec<String>),
    /// Sends the first as a stream, and the rest when it is told to go on.
    Held(Vec<String>, Vec<String>, Arc<Notify>),
    /// Answers when it is told to.
    HeldAnswer(Arc<Notify>),
    /// Answers with a 503 when it is told to.
    HeldError(Arc<Notify>),
    /// Accepts the call and never answers.
    Hang,
}

/// One call as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) body: String,
    pub(crate) authorization: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[derive(Debug, Default)]
struct State {
    script: Mutex<VecDeque<Behaviour>>,
    received: Mutex<Vec<Received>>,
    left: AtomicU64,
}

/// Counts a caller that went before its answer was over.
struct LeftEarly(Arc<State>, bool);

impl LeftEarly {
    fn answer_is_over(&mut self) {
        self.1 = true;
    }
}

impl Drop for LeftEarly {
    fn drop(&mut self) {
        if !self.1 {
            self.0.left.fetch_add(1, Ordering::SeqCst);
        }
    }
}

pub(crate) struct FakeUpstream {
    base: String,
    state: Arc<State>,
    server: ServerHandle,
}

impl FakeUpstream {
    pub(crate) fn start() -> Self {
        let state = Arc::new(State::default());
        let data = web::Data::from(Arc::clone(&state));
        let server = HttpServer::new(move || App::new().app_data(data.clone()).default_service(web::to(serve)));
        let server = server.workers(1).disable_signals().h1_allow_half_closed(false).bind(("127.0.0.1", 0)).unwrap();
        let base = format!("http://{}/v1", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { base, state, server: handle }
    }

    /// What to do with the next calls, in order; with all others it answers.
    pub(crate) fn then(&self, behaviour: Behaviour) -> &Self {
        self.state.script.lock().push_back(behaviour);
        self
    }

    /// An entry of `model_list`: 1 dollar per million input tokens, 2 per million output tokens.
    pub(crate) fn deployment(&self, model_name: &str, id: &str) -> String {
        self.deployment_of(&format!("openai/{model_name}-upstream"), model_name, id)
    }

    /// The same of another provider's model.
    pub(crate) fn deployment_of(&self, model: &str, model_name: &str, id: &str) -> String {
        format!(
            "  - model_name: {model_name}\n    litellm_params:\n      model: {model}\n      \
             api_base: {}\n      api_key: sk-upstream\n      input_cost_per_token: 0.000001\n      \
             output_cost_per_token: 0.000002\n    model_info:\n      id: {id}\n",
            self.base
        )
    }

    /// Where it is.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// How many callers went before their answer was over.
    pub(crate) fn left_early(&self) -> u64 {
        self.state.left.load(Ordering::SeqCst)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.state.received.lock().clone()
    }

    /// Waits until it has been called this often.
    pub(crate) async fn until_called(&self, times: usize) {
        let called = async {
            while self.state.received.lock().len() < times {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), called).await.expect("the provider was not called");
    }

    /// Waits for a caller that goes before its answer is over.
    pub(crate) async fn until_left_early(&self) {
        let left = async {
            while self.state.left.load(Ordering::SeqCst) == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), left).await.expect("the provider's call was not cancelled");
    }
}

impl Drop for FakeUpstream {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

/// One event of a stream.
pub(crate) fn event(value: &Value) -> String {
    format!("data: {value}\n\n")
}

/// A piece of the answer.
pub(crate) fn delta(text: &str) -> String {
    event(&json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt-upstream",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]}))
}

/// The usage chunk.
pub(crate) fn usage(prompt: u64, completion: u64) -> String {
    event(&json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [],
        "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}}))
}

pub(crate) const DONE: &str = "data: [DONE]\n\n";

async fn serve(http: HttpRequest, body: Bytes, state: web::Data<State>) -> HttpResponse {
    let state = state.into_inner();
    state.received.lock().push(Received {
        method: http.method().to_string(),
        path: http.path().to_owned(),
        query: http.query_string().to_owned(),
        body: String::from_utf8_lossy(&body).into_owned(),
        authorization: http.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned()),
        headers: http
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
            .collect(),
    });
    let behaviour = state.script.lock().pop_front().unwrap_or(Behaviour::Answer);
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    match behaviour {
        Behaviour::Answer if asked["stream"] == true => {
            let events = vec![delta("Hello"), delta(" there"), usage(10, 20), DONE.to_owned()];
            send(state, events, Duration::ZERO, End::Clean)
        }
        Behaviour::Answer => answer(),
        Behaviour::HeldError(go) => {
            go.notified().await;
            HttpResponse::ServiceUnavailable().finish()
        }
        Behaviour::HeldAnswer(go) => {
            let mut left = LeftEarly(state, false);
            go.notified().await;
            left.answer_is_over();
            answer()
        }
        Behaviour::Status(status, body, headers) => {
            let mut response = HttpResponse::build(StatusCode::from_u16(status).unwrap());
            for header in headers {
                response.insert_header(header);
            }
            response.content_type("application/json").body(body)
        }
        Behaviour::Stream(events, pause) => send(state, events, pause, End::Clean),
        Behaviour::Truncate(events) => send(state, events, Duration::ZERO, End::Broken),
        Behaviour::Stall(events) => send(state, events, Duration::ZERO, End::Never),
        Behaviour::Held(first, rest, go) => send_held(state, first, rest, go),
        Behaviour::Hang => {
            let _left = LeftEarly(state, false);
            std::future::pending().await
        }
    }
}

/// What a model would answer.
fn answer() -> HttpResponse {
    HttpResponse::Ok().insert_header(("x-request-id", "req-1")).json(json!({
        "id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-upstream",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello there"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30},
        "an_unknown_field": {"b": 1, "a": 2},
    }))
}

#[derive(Clone, Copy)]
enum End {
    Clean,
    Broken,
    Never,
}

fn send_held(state: Arc<State>, first: Vec<String>, rest: Vec<String>, go: Arc<Notify>) -> HttpResponse {
    let body = async move {
        let mut left = LeftEarly(state, false);
        go.notified().await;
        left.answer_is_over();
        Ok::<Bytes, std::io::Error>(Bytes::from(rest.concat()))
    };
    let first = stream::iter(first.into_iter().map(|event| Ok(Bytes::from(event))));
    HttpResponse::Ok().content_type("text/event-stream").streaming(first.chain(stream::once(body)))
}

fn send(state: Arc<State>, events: Vec<String>, pause: Duration, end: End) -> HttpResponse {
    let start = (events.into_iter(), LeftEarly(state, false));
    let body = stream::unfold(start, move |(mut events, mut left)| async move {
        match (events.next(), end) {
            (Some(event), _) => {
                tokio::time::sleep(pause).await;
                Some((Ok::<Bytes, std::io::Error>(Bytes::from(event)), (events, left)))
            }
            (None, End::Clean) => {
                left.answer_is_over();
                None
            }
            (None, End::Broken) => {
                // What was sent has to be on the wire: an error drops what is still buffered.
                tokio::time::sleep(Duration::from_millis(50)).await;
                left.answer_is_over();
                Some((Err(std::io::Error::other("broken off")), (events, left)))
            }
            (None, End::Never) => std::future::pending::<Option<Infallible>>().await.map(|never| match never {}),
        }
    });
    HttpResponse::Ok().content_type("text/event-stream").streaming(body)
}
