//! E-mail: letters are queued and sent off the path of requests, each tried several times.
//!
//! The queue is in memory. A letter may carry a secret that is kept nowhere else, so it is not written to the database:
//! what a crash loses, somebody asks for again.

mod letter;
mod smtp;

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use letter::{Attachment, Letter};
use smtp::{Failure, Smtp};
pub use smtp::{MailError, SmtpVariables};

/// Letters that wait to be sent.
const QUEUE_MAX: usize = 1000;
/// Letters that are sent at once, those that wait for another try included.
const SENDING_MAX: usize = 16;
/// How long to wait before each try after the first.
const WAITS: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(600),
];

/// Takes letters. Clones share the queue.
#[derive(Clone, Debug, Default)]
pub struct Mailer {
    queue: Option<mpsc::Sender<Letter>>,
    smtp: Option<Smtp>,
}

/// The other end of the queue: what a job sends.
#[derive(Debug)]
pub struct MailQueue {
    letters: mpsc::Receiver<Letter>,
    smtp: Smtp,
}

impl Mailer {
    /// A mailer for the server that the environment names, and the job that sends; without a server, one that takes no
    /// letters.
    ///
    /// # Errors
    /// When a variable does not say what it should.
    pub fn new(variables: &SmtpVariables) -> Result<(Self, Option<MailQueue>), MailError> {
        let Some(smtp) = Smtp::new(variables)? else { return Ok((Self::default(), None)) };
        let (queue, letters) = mpsc::channel(QUEUE_MAX);
        Ok((Self { queue: Some(queue), smtp: Some(smtp.clone()) }, Some(MailQueue { letters, smtp })))
    }

    /// Whether there is a server to send with.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.queue.is_some()
    }

    /// Has a letter sent. Returns whether it was taken: not where there is no server, or too many letters wait.
    #[must_use]
    pub fn send(&self, letter: Letter) -> bool {
        let Some(queue) = &self.queue else { return false };
        let taken = queue.try_send(letter);
        if let Err(mpsc::error::TrySendError::Full(letter)) = &taken {
            tracing::error!(to = letter.to, subject = letter.subject, "too many letters wait: this one is not sent");
        }
        taken.is_ok()
    }
}

impl Mailer {
    /// Sends a letter now, once.
    ///
    /// # Errors
    /// Why it was not taken.
    pub async fn send_now(&self, letter: &Letter) -> Result<(), String> {
        let smtp = self.smtp.as_ref().ok_or("SMTP_HOST is not set: no letters are sent")?;
        smtp.send(letter).await.map_err(|failure| failure.text)
    }
}

impl MailQueue {
    /// Sends letters until `stop`; those that wait then are tried once more.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut sending = JoinSet::new();
        while let Some(Some(letter)) = stop.run_until_cancelled(self.letters.recv()).await {
            while sending.len() >= SENDING_MAX {
                sending.join_next().await;
            }
            sending.spawn(deliver(self.smtp.clone(), letter, stop.clone()));
        }
        self.letters.close();
        while let Some(letter) = self.letters.recv().await {
            sending.spawn(deliver(self.smtp.clone(), letter, stop.clone()));
        }
        while sending.join_next().await.is_some() {}
    }
}

async fn deliver(smtp: Smtp, letter: Letter, stop: CancellationToken) {
    let mut waits = WAITS.into_iter();
    loop {
        let failure = match smtp.send(&letter).await {
            Ok(()) => return,
            Err(failure) => failure,
        };
        let (to, subject) = (&letter.to, &letter.subject);
        let wait = waits.next().filter(|_| failure.may_pass && !stop.is_cancelled());
        let Some(wait) = wait else {
            return tracing::error!(to, subject, %failure, "a letter could not be sent");
        };
        tracing::warn!(to, subject, %failure, again_in_s = wait.as_secs_f64(), "a letter could not be sent yet");
        // Told to stop while it waits, it is tried once more at once.
        stop.run_until_cancelled(tokio::time::sleep(wait)).await;
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}
