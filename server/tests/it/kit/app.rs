//! A running server with a clock that the test moves.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tempfile::TempDir;
use tollgate::alerts::AlertVariables;
use tollgate::app::App;
use tollgate::clock::Clock;
use tollgate::config::{Config, Secret, Variables};
use tollgate::db::policy_change;
use tollgate::ledger::verify::{self, Report};
use tollgate::mail::SmtpVariables;
use tollgate::serve::{self, Environment, Running, StartError, StartOptions};

use super::client::Client;
use super::database::TestDatabase;
use super::mailbox::Mailbox;
use super::receiver::Receiver;
use super::redis::RedisServer;
use super::upstream::FakeUpstream;

pub(crate) const MASTER_KEY: &str = "sk-master-key-of-the-tests";
/// When every test begins: a Saturday.
const START: &str = "2026-11-21T12:00:00Z";

pub(crate) struct TestAppBuilder {
    ui_password: Option<String>,
    is_https: bool,
    config: Option<String>,
    redis_url: Option<String>,
    smtp: SmtpVariables,
    sso: BTreeMap<String, Secret>,
    alerts: AlertVariables,
    variables: BTreeMap<String, String>,
}

impl TestAppBuilder {
    /// Another variable of the environment.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A variable of the environment that sets a provider of single sign-on.
    pub(crate) fn sso(mut self, name: &str, value: &str) -> Self {
        self.sso.insert(name.to_owned(), Secret::new(value));
        self
    }

    pub(crate) fn ui_password(mut self, password: &str) -> Self {
        self.ui_password = Some(password.to_owned());
        self
    }

    pub(crate) fn https(mut self) -> Self {
        self.is_https = true;
        self
    }

    /// A config.yaml.
    pub(crate) fn config(mut self, yaml: &str) -> Self {
        self.config = Some(yaml.to_owned());
        self
    }

    /// Tells its alerts there: as Slack at `/slack`, and as a webhook at `/webhook`.
    pub(crate) fn alerts(mut self, receiver: &Receiver) -> Self {
        self.alerts = AlertVariables {
            slack_url: Some(Secret::new(receiver.url("/slack"))),
            webhook_url: Some(Secret::new(receiver.url("/webhook"))),
        };
        self
    }

    /// Sends its letters there.
    pub(crate) fn mailbox(mut self, mailbox: &Mailbox) -> Self {
        self.smtp = mailbox.variables();
        self
    }

    /// Insists on encryption when it sends letters.
    pub(crate) fn encrypted_mail(mut self) -> Self {
        self.smtp.tls = None;
        self
    }

    /// Counts together with the other nodes of this Redis.
    pub(crate) fn redis(mut self, redis: &RedisServer) -> Self {
        self.redis_url = Some(redis.url());
        self
    }

    /// One model, `gpt`, at `upstream`: 1 dollar per million input tokens, 2 per million output tokens.
    pub(crate) fn upstream(self, upstream: &FakeUpstream) -> Self {
        let yaml = format!("model_list:\n{}", upstream.deployment("gpt", "one"));
        self.config(&yaml)
    }

    pub(crate) async fn start(self) -> TestApp {
        let home = Home {
            config: self.config,
            ui_password: self.ui_password,
            is_https: self.is_https,
            clock: Clock::manual(START.parse::<DateTime<Utc>>().unwrap()),
            database: Arc::new(TestDatabase::create().await),
            redis_url: self.redis_url,
            smtp: self.smtp,
            sso: self.sso,
            alerts: self.alerts,
            variables: self.variables,
            data: TempDir::new().unwrap(),
        };
        home.start().await
    }
}

/// What a server leaves behind when it stops.
pub(crate) struct Home {
    config: Option<String>,
    ui_password: Option<String>,
    is_https: bool,
    clock: Clock,
    pub(crate) data: TempDir,
    database: Arc<TestDatabase>,
    redis_url: Option<String>,
    smtp: SmtpVariables,
    sso: BTreeMap<String, Secret>,
    alerts: AlertVariables,
    variables: BTreeMap<String, String>,
}

impl Home {
    /// With another `UI_PASSWORD` from now on.
    pub(crate) fn with_ui_password(mut self, password: &str) -> Self {
        self.ui_password = Some(password.to_owned());
        self
    }

    /// With another config.yaml from now on.
    pub(crate) fn with_config(mut self, yaml: &str) -> Self {
        self.config = Some(yaml.to_owned());
        self
    }

    pub(crate) async fn start(self) -> TestApp {
        self.try_start().await.unwrap()
    }

    pub(crate) async fn try_start(self) -> Result<TestApp, StartError> {
        let config = self.config.as_ref().map(|yaml| {
            let path = self.data.path().join("config.yaml");
            std::fs::write(&path, yaml).unwrap();
            path
        });
        let loaded = Config::load(config.as_deref(), |_| None);
        assert!(!loaded.has_errors(), "{:?}", loaded.problems);
        let variables = self.variables.clone();
        let environment = Environment {
            database_url: Some(Secret::new(self.database.url())),
            master_key: Some(Secret::new(MASTER_KEY)),
            salt_key: Some(Secret::new("sk-salt-key-of-the-tests")),
            sso: self.sso.clone(),
            ui_password: self.ui_password.clone().map(Secret::new),
            is_https: self.is_https,
            redis_url: self.redis_url.clone().map(Secret::new),
            smtp: self.smtp.clone(),
            alerts: self.alerts.clone(),
            variables: Variables::new(move |name| variables.get(name).cloned()),
            ..Environment::default()
        };
        // A configuration is large, and tests hold several gateways that start.
        let running = Box::pin(serve::start(StartOptions {
            config: loaded.config,
            config_file: config,
            environment,
            data: self.data.path().to_owned(),
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            clock: self.clock.clone(),
            workers: 1,
        }))
        .await?;
        let base = format!("http://{}", running.address);
        let master = Client::new(&base).with_key(MASTER_KEY);
        Ok(TestApp { app: running.app.clone(), base, running, master, home: self })
    }
}

/// A running server; as a client it carries the master key.
pub(crate) struct TestApp {
    pub(crate) app: App,
    pub(crate) base: String,
    pub(crate) running: Running,
    master: Client,
    home: Home,
}

impl TestApp {
    pub(crate) fn builder() -> TestAppBuilder {
        TestAppBuilder {
            ui_password: None,
            is_https: false,
            config: None,
            redis_url: None,
            smtp: SmtpVariables::default(),
            sso: BTreeMap::new(),
            alerts: AlertVariables::default(),
            variables: BTreeMap::new(),
        }
    }

    pub(crate) async fn start() -> Self {
        Self::builder().start().await
    }

    /// A server with one model, `gpt`, at `upstream`.
    pub(crate) async fn with_upstream(upstream: &FakeUpstream) -> Self {
        Self::builder().upstream(upstream).start().await
    }

    /// Another node beside this one, with the same configuration, database and clock.
    pub(crate) async fn beside(&self) -> Self {
        let Home { config, ui_password, is_https, clock, database, redis_url, smtp, sso, alerts, variables, .. } =
            &self.home;
        let home = Home {
            config: config.clone(),
            ui_password: ui_password.clone(),
            is_https: *is_https,
            clock: clock.clone(),
            database: Arc::clone(database),
            redis_url: redis_url.clone(),
            smtp: smtp.clone(),
            sso: sso.clone(),
            alerts: alerts.clone(),
            variables: variables.clone(),
            data: TempDir::new().unwrap(),
        };
        home.start().await
    }

    /// Where its config.yaml is, or would be.
    pub(crate) fn config_file(&self) -> std::path::PathBuf {
        self.home.data.path().join("config.yaml")
    }

    /// A new key; `fields` are those of `/key/generate`.
    pub(crate) async fn new_key(&self, fields: serde_json::Value) -> String {
        let answer = self.post("/key/generate", fields).expect_status(200).await;
        answer.value()["key"].as_str().unwrap().to_owned()
    }

    /// Waits until no call is in flight and the database has every settled one, and proves that the sums agree.
    pub(crate) async fn settled(&self) -> Report {
        let gateway = &self.running.gateway;
        while gateway.in_flight.count() > 0 || gateway.spool.health().pending > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let report = verify::verify(&self.app.db).await.unwrap();
        assert!(report.is_sound(), "the ledger agrees with itself: {report:?}");
        assert_eq!(self.app.counters.reserved_total().0, 0, "nothing stays reserved");
        report
    }

    /// Waits until the server has followed every change of limits up to now: it forgets what was changed a moment ago
    /// once more when it reads of it.
    pub(crate) async fn followed(&self) {
        let last = policy_change::last_id(&self.app.db).await.unwrap().unsigned_abs();
        while self.app.policy.bulletin().last_read() < last {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Stops the server in good order.
    pub(crate) async fn stop(self) -> Home {
        self.running.stop().await;
        // The last of the server's threads may end a moment later, and with it the lock on the spool's folder.
        let lock = std::fs::File::open(self.home.data.path().join("spool/lock")).unwrap();
        let is_free = async {
            while lock.try_lock().is_err() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), is_free).await.expect("the spool is still in use");
        self.home
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
