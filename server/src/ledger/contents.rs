//! Prompts and answers on their way into the database, where they are kept at all.
//!
//! They are worth less than what calls cost: they wait in memory and not in the spool, and where too many wait, some are
//! left out. What they are made of is only looked at here, away from the calls themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use metrics::counter;
use sea_orm::DatabaseConnection;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::db::{spend_log_content, stored_time};
use crate::domain::redact::redact;

/// Calls that wait at most.
const WAITING_MAX: usize = 10_000;
/// Prompts and answers that wait at most, in bytes.
const WAITING_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Rows of one statement at most.
const BATCH_ROWS_MAX: usize = 100;
/// Pause after the database refused a batch.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// What was asked and answered in one call.
#[derive(Clone, Debug)]
pub struct Content {
    /// Id of the call.
    pub request_id: Arc<str>,
    /// When it arrived.
    pub start_time: DateTime<Utc>,
    /// The request's body.
    pub request: Bytes,
    /// The answer, if there was one.
    pub answer: AnswerContent,
}

/// An answer as it is at hand.
#[derive(Clone, Debug, Default)]
pub enum AnswerContent {
    /// There is none.
    #[default]
    None,
    /// The body of the answer.
    Whole(Bytes),
    /// A stream put together again.
    Assembled(Arc<Value>),
}

impl AnswerContent {
    /// Its length in bytes; `assembled` stands for one whose text is not known.
    #[must_use]
    pub fn len(&self, assembled: usize) -> usize {
        match self {
            Self::None => 0,
            Self::Whole(body) => body.len(),
            Self::Assembled(_) => assembled,
        }
    }
}

/// Where calls leave what was asked and answered.
#[derive(Clone, Debug)]
pub struct Contents {
    sender: mpsc::Sender<(Content, u64)>,
    waiting_bytes: Arc<AtomicU64>,
    bytes_max: usize,
}

/// The other end.
#[derive(Debug)]
pub struct ContentWriter {
    receiver: mpsc::Receiver<(Content, u64)>,
    waiting_bytes: Arc<AtomicU64>,
    bytes_max: usize,
    db: DatabaseConnection,
}

/// Both ends of a queue of prompts and answers, of each of which `bytes_max` bytes are kept.
#[must_use]
pub fn queue(db: DatabaseConnection, bytes_max: usize) -> (Contents, ContentWriter) {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let waiting_bytes = Arc::new(AtomicU64::new(0));
    let writer = ContentWriter { receiver, waiting_bytes: Arc::clone(&waiting_bytes), bytes_max, db };
    (Contents { sender, waiting_bytes, bytes_max }, writer)
}

impl Contents {
    /// Text of one answer that is kept, in bytes.
    #[must_use]
    pub const fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// Leaves what was asked and answered to be written. Never waits.
    pub fn push(&self, content: Content) {
        let size = u64::try_from(content.request.len() + content.answer.len(self.bytes_max)).unwrap_or(u64::MAX);
        let waiting = self.waiting_bytes.fetch_add(size, Ordering::Relaxed);
        if waiting.saturating_add(size) > WAITING_BYTES_MAX || self.sender.try_send((content, size)).is_err() {
            self.waiting_bytes.fetch_sub(size, Ordering::Relaxed);
            counter!("tollgate_contents_left_out_total").increment(1);
        }
    }
}

impl ContentWriter {
    /// Writes until `stop`, and then what is left, once.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut batch = Vec::with_capacity(BATCH_ROWS_MAX);
        while stop.run_until_cancelled(self.receiver.recv_many(&mut batch, BATCH_ROWS_MAX)).await.is_some_and(|n| n > 0)
        {
            self.write(&mut batch, &stop).await;
        }
        self.receiver.close();
        while self.receiver.recv_many(&mut batch, BATCH_ROWS_MAX).await > 0 {
            self.write(&mut batch, &stop).await;
        }
    }

    async fn write(&self, batch: &mut Vec<(Content, u64)>, stop: &CancellationToken) {
        let (contents, bytes_max) = (std::mem::take(batch), self.bytes_max);
        let size: u64 = contents.iter().map(|(_, size)| size).sum();
        let rows = move || contents.into_iter().map(|(content, _)| row(content, bytes_max)).collect::<Vec<_>>();
        match tokio::task::spawn_blocking(rows).await {
            Ok(rows) => self.insert(rows, stop).await,
            Err(error) => tracing::error!(%error, "prompts and answers could not be read"),
        }
        self.waiting_bytes.fetch_sub(size, Ordering::Relaxed);
    }

    async fn insert(&self, rows: Vec<spend_log_content::Model>, stop: &CancellationToken) {
        let mut is_away = false;
        while let Err(error) = spend_log_content::insert(&self.db, rows.clone()).await {
            if stop.is_cancelled() || crate::db::is_data_refused(&error) {
                tracing::warn!(%error, calls = rows.len(), "prompts and answers of these calls are not kept");
                counter!("tollgate_contents_left_out_total").increment(u64::try_from(rows.len()).unwrap_or(u64::MAX));
                return;
            }
            if !is_away {
                tracing::warn!(%error, "prompts and answers wait in memory");
            }
            is_away = true;
            stop.run_until_cancelled(tokio::time::sleep(RETRY_PAUSE)).await;
        }
    }
}

fn row(content: Content, bytes_max: usize) -> spend_log_content::Model {
    let asked = serde_json::from_slice::<Value>(&content.request).ok().and_then(|mut body| {
        let messages = body.get_mut("messages").map(Value::take);
        messages.map(|messages| kept(messages, bytes_max))
    });
    let answered = match content.answer {
        AnswerContent::None => None,
        AnswerContent::Assembled(answer) => Some(Arc::unwrap_or_clone(answer)),
        AnswerContent::Whole(body) => serde_json::from_slice(&body).ok(),
    };
    spend_log_content::Model {
        request_id: content.request_id.to_string(),
        start_time: stored_time(content.start_time),
        messages: asked,
        response: answered.map(|answer| kept(answer, bytes_max)),
    }
}

/// The JSON text of `value`, redacted, and no longer than `bytes_max` and a note.
fn kept(value: Value, bytes_max: usize) -> String {
    let text = redact(value).to_string();
    if text.len() <= bytes_max {
        return text;
    }
    let beginning = text.get(..text.floor_char_boundary(bytes_max)).unwrap_or_default();
    json!({ "truncated": true, "bytes": text.len(), "beginning": beginning }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_redacted_bounded_and_json() {
        let key = format!("sk-{}", "x1".repeat(20));
        let text = kept(json!([{"role": "user", "content": format!("use {key}\u{0}")}]), 1_000);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value[0]["content"], "use [secret left out]\u{0}");
        let long = kept(json!([{"role": "user", "content": "ä".repeat(5_000)}]), 1_001);
        let value: Value = serde_json::from_str(&long).unwrap();
        assert_eq!((&value["truncated"], &value["bytes"]), (&json!(true), &json!(10_030)));
        assert!(value["beginning"].as_str().unwrap().len() <= 1_001);
    }
}
