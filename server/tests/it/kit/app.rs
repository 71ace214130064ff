//! A running server with a clock that the test moves.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{HttpServer, web};
use chrono::{DateTime, Utc};
use tollgate::app::{App, Identity};
use tollgate::auth::throttle::SignInThrottle;
use tollgate::clock::Clock;
use tollgate::counters::Counters;
use tollgate::crypto::KeyDigest;
use tollgate::policy::PolicyStore;
use tollgate::{db, management};

use super::client::Client;
use super::database::TestDatabase;

pub(crate) const MASTER_KEY: &str = "sk-master-key-of-the-tests";
/// When every test begins: a Saturday.
const START: &str = "2026-11-21T12:00:00Z";

pub(crate) struct TestAppBuilder {
    ui_password: Option<String>,
    is_https: bool,
}

impl TestAppBuilder {
    pub(crate) fn ui_password(mut self, password: &str) -> Self {
        self.ui_password = Some(password.to_owned());
        self
    }

    pub(crate) fn https(mut self) -> Self {
        self.is_https = true;
        self
    }

    pub(crate) async fn start(self) -> TestApp {
        let database = TestDatabase::create().await;
        let connection = db::connect(&database.url(), 8).await.unwrap();
        db::migrate(&connection).await.unwrap();
        let clock = Clock::manual(START.parse::<DateTime<Utc>>().unwrap());
        let master_key = KeyDigest::of(MASTER_KEY);
        let app = App {
            policy: Arc::new(PolicyStore::new(connection.clone(), clock.clone(), master_key, chrono_tz::UTC)),
            clock,
            db: connection,
            counters: Arc::new(Counters::default()),
            identity: Arc::new(Identity {
                master_key,
                ui_username: "admin".to_owned(),
                ui_password: self.ui_password.as_deref().map(KeyDigest::of),
                is_https: self.is_https,
            }),
            sign_ins: Arc::new(SignInThrottle::default()),
            timezone: chrono_tz::UTC,
        };
        let (base, server) = serve(app.clone());
        TestApp {
            master: Client::new(&base).with_key(MASTER_KEY),
            base,
            app,
            server: Some(server),
            _database: database,
        }
    }
}

fn serve(app: App) -> (String, ServerHandle) {
    let data = web::Data::new(app);
    let server = HttpServer::new(move || actix_web::App::new().app_data(data.clone()).configure(management::configure));
    let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
    let base = format!("http://{}", server.addrs()[0]);
    let server = server.run();
    let handle = server.handle();
    tokio::spawn(server);
    (base, handle)
}

/// A running server; as a client it carries the master key.
pub(crate) struct TestApp {
    pub(crate) app: App,
    base: String,
    master: Client,
    server: Option<ServerHandle>,
    _database: TestDatabase,
}

impl TestApp {
    pub(crate) fn builder() -> TestAppBuilder {
        TestAppBuilder { ui_password: None, is_https: false }
    }

    pub(crate) async fn start() -> Self {
        Self::builder().start().await
    }

    /// A client that carries nothing.
    pub(crate) fn nobody(&self) -> Client {
        Client::new(&self.base)
    }

    /// A client that carries this key.
    pub(crate) fn bearer(&self, key: &str) -> Client {
        self.nobody().with_key(key)
    }

    /// A browser signed in with this name and password.
    pub(crate) async fn sign_in(&self, username: &str, password: &str) -> Client {
        self.nobody().sign_in(username, password).await
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.app.clock.advance(by);
    }
}

impl Deref for TestApp {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.master
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // The server's threads are told to stop; the runtime of the test ends right after.
        if let Some(server) = self.server.take() {
            drop(server.stop(false));
        }
    }
}
