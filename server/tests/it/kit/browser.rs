//! What a browser keeps and sends where it is led from site to site.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use reqwest::{Url, redirect};

/// A browser of one person, which follows nothing by itself.
pub(crate) struct Browser {
    http: reqwest::Client,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) set_cookies: Vec<String>,
    pub(crate) body: String,
}

impl Browser {
    pub(crate) fn new() -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = reqwest::Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Self { http, cookies: Mutex::default() }
    }

    pub(crate) async fn get(&self, address: &str) -> Seen {
        let cookies: Vec<String> = self.cookies.lock().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let response = self.http.get(address).header("cookie", cookies.join("; ")).send().await.unwrap();
        let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap().to_owned();
        let set_cookies: Vec<String> = response.headers().get_all("set-cookie").iter().map(text).collect();
        for cookie in &set_cookies {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.lock().remove(name);
            } else {
                self.cookies.lock().insert(name.to_owned(), value.to_owned());
            }
        }
        let location = response.headers().get("location").map(text);
        Seen { status: response.status().as_u16(), location, set_cookies, body: response.text().await.unwrap() }
    }

    /// The cookies whose names begin so.
    pub(crate) fn cookies(&self, prefix: &str) -> Vec<(String, String)> {
        let cookies = self.cookies.lock();
        cookies.iter().filter(|(name, _)| name.starts_with(prefix)).map(|(n, v)| (n.clone(), v.clone())).collect()
    }

    /// Keeps a cookie.
    pub(crate) fn keep(&self, name: &str, value: &str) {
        self.cookies.lock().insert(name.to_owned(), value.to_owned());
    }
}

impl Seen {
    /// Where it leads.
    pub(crate) fn leads_to(&self) -> &str {
        assert_eq!(self.status, 303, "{self:?}");
        self.location.as_deref().unwrap()
    }

    /// The `reason` of the page about a failed sign-in that it leads to.
    pub(crate) fn reason(&self) -> String {
        let address = Url::parse("http://here").unwrap().join(self.leads_to()).unwrap();
        assert_eq!(address.path(), "/ui/sso-problem", "{self:?}");
        address.query_pairs().find(|(name, _)| name == "reason").unwrap().1.into_owned()
    }
}
