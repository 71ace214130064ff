//! Where alerts and ended calls are told: takes what comes, or not.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::Notify;

#[derive(Default)]
struct State {
    told: Mutex<Vec<Told>>,
    answers: Mutex<VecDeque<(u16, Option<String>)>>,
    usual: Mutex<u16>,
    news: Notify,
}

/// A message as it came.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) bytes: web::Bytes,
}

impl Told {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

pub(crate) struct Receiver {
    state: Arc<State>,
    port: u16,
    server: ServerHandle,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let state = Arc::new(State::default());
        *state.usual.lock() = 200;
        let data = web::Data::from(Arc::clone(&state));
        let server = HttpServer::new(move || App::new().app_data(data.clone()).default_service(web::to(take)));
        let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
        let port = server.addrs()[0].port();
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { state, port, server: handle }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Answers the next message with this status.
    pub(crate) fn then(&self, status: u16) -> &Self {
        self.state.answers.lock().push_back((status, None));
        self
    }

    /// Answers the next message with this status and body.
    pub(crate) fn then_saying(&self, status: u16, body: &Value) -> &Self {
        self.state.answers.lock().push_back((status, Some(body.to_string())));
        self
    }

    /// Answers the next message with 200 and this text.
    pub(crate) fn then_text(&self, text: &str) -> &Self {
        self.state.answers.lock().push_back((200, Some(text.to_owned())));
        self
    }

    /// Answers every message with this status from now on, unless it is to answer with another.
    pub(crate) fn always(&self, status: u16) -> &Self {
        *self.state.usual.lock() = status;
        self
    }

    pub(crate) fn told(&self) -> Vec<Told> {
        self.state.told.lock().clone()
    }

    /// Waits until so many messages came, refused ones included, and returns them.
    pub(crate) async fn until_told(&self, messages: usize) -> Vec<Told> {
        let came = async {
            loop {
                let news = self.state.news.notified();
                let told = self.told();
                if told.len() >= messages {
                    return told;
                }
                news.await;
            }
        };
        let came = tokio::time::timeout(Duration::from_secs(30), came).await;
        came.unwrap_or_else(|_| panic!("{messages} messages were awaited: {:#?}", self.told()))
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

async fn take(http: HttpRequest, bytes: web::Bytes, state: web::Data<State>) -> HttpResponse {
    let text = |value: &actix_web::http::header::HeaderValue| value.to_str().unwrap().to_owned();
    let headers = http.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let body = String::from_utf8_lossy(&bytes).into_owned();
    state.told.lock().push(Told { path: http.path().to_owned(), headers, body, bytes });
    let next = state.answers.lock().pop_front();
    let (status, said) = next.unwrap_or_else(|| (*state.usual.lock(), None));
    state.news.notify_waiters();
    let said = said.unwrap_or_else(|| if status == 200 { "ok" } else { "no_service" }.to_owned());
    // Buckets say it of what they take.
    let etag = ("etag", "\"of-the-tests\"");
    HttpResponse::build(StatusCode::from_u16(status).unwrap()).insert_header(etag).body(said)
}
