//! A mail server that keeps what it is handed.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tollgate::config::Secret;
use tollgate::mail::SmtpVariables;

pub(crate) const SENDER: &str = "Tollgate <tollgate@corp.test>";
const PASSWORD: &str = "the mail server's";

/// A letter as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) from: String,
    pub(crate) to: String,
    /// Headers and body.
    pub(crate) text: String,
}

impl Received {
    /// The text that its link carries behind `#`.
    pub(crate) fn token(&self) -> String {
        // Quoted-printable breaks lines with a "=".
        let text = self.text.replace("=\r\n", "");
        let rest = text.split('#').nth(1).unwrap_or_else(|| panic!("no link in {}", self.text));
        rest.chars().take_while(char::is_ascii_alphanumeric).collect()
    }
}

#[derive(Default)]
struct State {
    received: Mutex<Vec<Received>>,
    /// Clients that came, and those of them that tried to sign in.
    visits: Mutex<(u32, u32)>,
    /// How many letters to refuse for now.
    refusals: Mutex<u32>,
    /// Whose letters it does not answer for.
    silent_for: Mutex<Option<String>>,
    arrived: Notify,
}

pub(crate) struct Mailbox {
    state: Arc<State>,
    port: u16,
    task: tokio::task::JoinHandle<()>,
}

impl Mailbox {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&shared)));
            }
        });
        Self { state, port, task }
    }

    /// What the environment says of it.
    pub(crate) fn variables(&self) -> SmtpVariables {
        SmtpVariables {
            host: Some("127.0.0.1".to_owned()),
            port: Some(self.port.to_string()),
            username: Some("tollgate".to_owned()),
            password: Some(Secret::new(PASSWORD)),
            sender_email: Some(SENDER.to_owned()),
            tls: Some("False".to_owned()),
        }
    }

    /// Says that it cannot take the next letters now.
    pub(crate) fn refuse(&self, letters: u32) {
        *self.state.refusals.lock() = letters;
    }

    /// Hangs where a letter to this address is handed in, until it is told another.
    pub(crate) fn silent_for(&self, address: Option<&str>) {
        *self.state.silent_for.lock() = address.map(str::to_owned);
    }

    /// Clients that came, and those of them that tried to sign in.
    pub(crate) fn visits(&self) -> (u32, u32) {
        *self.state.visits.lock()
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.state.received.lock().clone()
    }

    /// Waits for the `n`th letter, from 1.
    pub(crate) async fn letter(&self, n: usize) -> Received {
        let come = async {
            loop {
                let arrived = self.state.arrived.notified();
                if let Some(letter) = self.state.received.lock().get(n - 1) {
                    return letter.clone();
                }
                arrived.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), come).await.expect("no letter came")
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// RFC 5321, as far as one client needs it.
async fn converse(stream: TcpStream, state: Arc<State>) -> Option<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let (mut from, mut to, mut is_known) = (String::new(), String::new(), false);
    state.visits.lock().0 += 1;
    write.write_all(b"220 mailbox.test\r\n").await.ok()?;
    while let Some(line) = lines.next_line().await.ok()? {
        let (command, rest) = line.split_at(line.len().min(4));
        let reply = match command.to_ascii_uppercase().as_str() {
            "EHLO" => "250-mailbox.test\r\n250 AUTH PLAIN",
            "AUTH" => {
                use base64::Engine;
                state.visits.lock().1 += 1;
                let sent = rest.trim_start().strip_prefix("PLAIN ").unwrap_or_default();
                let sent = base64::engine::general_purpose::STANDARD.decode(sent).unwrap_or_default();
                is_known = sent == format!("\0tollgate\0{PASSWORD}").into_bytes();
                if is_known { "235 welcome" } else { "535 who are you" }
            }
            "MAIL" => {
                rest.clone_into(&mut from);
                if is_known { "250 ok" } else { "530 sign in first" }
            }
            "RCPT" => {
                rest.clone_into(&mut to);
                if state.silent_for.lock().as_deref().is_some_and(|address| to.contains(address)) {
                    return std::future::pending().await;
                }
                let mut refusals = state.refusals.lock();
                let is_refused = *refusals > 0;
                *refusals = refusals.saturating_sub(1);
                if is_refused { "451 try later" } else { "250 ok" }
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await.ok()?;
                let mut text = String::new();
                while let Some(line) = lines.next_line().await.ok()?.filter(|line| line != ".") {
                    text.push_str(&line);
                    text.push_str("\r\n");
                }
                state.received.lock().push(Received { from: from.clone(), to: to.clone(), text });
                state.arrived.notify_waiters();
                "250 kept"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        write.write_all(format!("{reply}\r\n").as_bytes()).await.ok()?;
    }
    Some(())
}
