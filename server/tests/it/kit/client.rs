//! A client that names the status it expects.

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tollgate_openapi::paths;

#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    headers: HeaderMap,
}

impl Client {
    pub(crate) fn new(base: &str) -> Self {
        // The listener speaks plain HTTP, but reqwest insists on a TLS provider.
        drop(rustls::crypto::ring::default_provider().install_default());
        Self { http: reqwest::Client::builder().build().unwrap(), base: base.to_owned(), headers: HeaderMap::new() }
    }

    pub(crate) fn with_key(self, key: &str) -> Self {
        self.with_header("authorization", &format!("Bearer {key}"))
    }

    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
        self
    }

    /// A header that it carries.
    pub(crate) fn header(&self, name: &str) -> String {
        self.headers[name].to_str().unwrap().to_owned()
    }

    pub(crate) fn without_header(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    /// What a browser becomes when it signs in: it has the cookie and sends the console's header.
    pub(crate) async fn sign_in(&self, username: &str, password: &str) -> Self {
        let answer = self.try_sign_in(username, password).expect_status(200).await;
        let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        self.clone().with_header("cookie", &cookie).with_header(paths::CSRF_HEADER, "1")
    }

    pub(crate) fn try_sign_in(&self, username: &str, password: &str) -> Call {
        self.post(paths::SESSION_NEW, json!({"username": username, "password": password}))
    }

    pub(crate) fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path, None)
    }

    pub(crate) fn post(&self, path: &str, body: impl Serialize) -> Call {
        self.call(Method::POST, path, Some(serde_json::to_string(&body).unwrap()))
    }

    /// A body as it is, well-formed or not.
    pub(crate) fn post_text(&self, path: &str, body: &str) -> Call {
        self.call(Method::POST, path, Some(body.to_owned()))
    }

    /// A body of the content type among the headers.
    pub(crate) fn post_form(&self, path: &str, body: &str) -> Call {
        let request = self.http.post(format!("{}{path}", self.base)).headers(self.headers.clone());
        Call { what: format!("POST {path}"), request: request.body(body.to_owned()) }
    }

    pub(crate) fn call(&self, method: Method, path: &str, body: Option<String>) -> Call {
        let request = self.http.request(method.clone(), format!("{}{path}", self.base)).headers(self.headers.clone());
        let request = match body {
            Some(body) => request.header("content-type", "application/json").body(body),
            None => request,
        };
        Call { what: format!("{method} {path}"), request }
    }
}

/// A call not yet made.
#[must_use]
pub(crate) struct Call {
    what: String,
    request: reqwest::RequestBuilder,
}

impl Call {
    /// Makes the call and insists on the status of its answer.
    pub(crate) async fn expect_status(self, expected: u16) -> Answer {
        let answer = self.send().await;
        assert_eq!(answer.status, expected, "{}", answer.text);
        answer
    }

    pub(crate) async fn send(self) -> Answer {
        let response = self.request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = format!("{}: {}", self.what, response.text().await.unwrap());
        Answer { status, headers, text }
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    pub(crate) fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_str(self.body()).unwrap_or_else(|error| panic!("{error} in {}", self.text))
    }

    /// The body as it came.
    pub(crate) fn body(&self) -> &str {
        self.text.split_once(": ").unwrap().1
    }

    pub(crate) fn value(&self) -> Value {
        self.json()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name} in {}", self.text)).to_str().unwrap()
    }

    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    /// Insists on LiteLLM's envelope and gives `type`, `param` and the message.
    pub(crate) fn error(&self) -> (String, Option<String>, String) {
        let error = self.json::<tollgate_openapi::error::ErrorEnvelope>().error;
        assert_eq!(error.code, Some(self.status.to_string()), "{}", self.text);
        (error.r#type, error.param, error.message)
    }

    /// Insists on pydantic's form and gives the places at fault, such as `body.max_budget`.
    pub(crate) fn problems(&self) -> Vec<String> {
        let errors = self.json::<tollgate_openapi::error::ValidationErrors>().detail;
        assert!(errors.iter().all(|error| !error.msg.is_empty()), "{}", self.text);
        errors.into_iter().map(|error| error.loc.join(".")).collect()
    }
}
