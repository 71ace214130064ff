//! Brings spooled events into the database.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use metrics::{counter, histogram};
use sea_orm::{DatabaseConnection, DbErr};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tollgate_openapi::money::NanoUsd;

use super::batch::{self, Sums};
use super::event::SpendEvent;
use super::spool::{Cursor, Spool, SpoolError};
use super::watch::{self, Watch};
use crate::counters::{Charge, Counters, ScopeId};
use crate::db::{self, OwnConnection, budget_spend, spool_cursor};

/// Events of one transaction.
const BATCH_EVENTS_MAX: usize = 1_000;
/// Pause after a batch, so that the next is worth a transaction.
const BATCH_PAUSE: Duration = Duration::from_millis(250);
/// First pause after a failure; it doubles.
const RETRY_PAUSE_MIN: Duration = Duration::from_millis(250);
/// A batch that takes longer is given up: its connection may lead nowhere, which nothing else would tell.
const BATCH_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest pause after a failure.
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(10);

/// Why events did not reach the database this time. They stay in the spool.
#[derive(Debug, thiserror::Error)]
pub enum WriterError {
    /// The spool cannot be read.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The database refuses or is away.
    #[error("the database does not take events: {0}")]
    Database(#[from] DbErr),
    /// The database does not answer.
    #[error("the database did not take a batch of events within {} s", BATCH_TIMEOUT.as_secs())]
    Timeout,
    /// The task that reads the spool panicked.
    #[error("reading the spool failed: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// The only reader of a spool.
#[derive(Debug)]
pub struct Writer {
    spool: Arc<Spool>,
    db: OwnConnection,
    cursor: Cursor,
    /// Events that were set aside: those after them may have to be written again.
    set_aside: HashSet<Arc<str>>,
    counters: Arc<Counters>,
    /// Where the events of this process begin; those before were left by a former one.
    own_from: Cursor,
    /// Events after `cursor` that the counters were told of: they may be written again, and are told once.
    told: HashSet<Arc<str>>,
    /// What is worth an alert.
    watch: Watch,
}

impl Writer {
    /// A writer of what the database does not have of `spool`. What it has nevertheless is skipped there.
    #[must_use]
    pub fn new(spool: Arc<Spool>, db: OwnConnection, counters: Arc<Counters>, watch: Watch) -> Self {
        let (cursor, own_from) = (spool.written(), spool.end_cursor());
        Self { spool, db, cursor, set_aside: HashSet::new(), counters, own_from, told: HashSet::new(), watch }
    }

    /// Writes until `stop`, and then what is left, once.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut retry_pause = RETRY_PAUSE_MIN;
        while !stop.is_cancelled() {
            let pause = match self.write_all().await {
                Ok(()) => {
                    retry_pause = RETRY_PAUSE_MIN;
                    stop.run_until_cancelled(self.spool.wait()).await;
                    BATCH_PAUSE
                }
                Err(error) => {
                    tracing::error!(%error, "events wait in the spool");
                    if matches!(error, WriterError::Timeout) {
                        self.renew_connection().await;
                    }
                    let pause = retry_pause;
                    retry_pause = (retry_pause * 2).min(RETRY_PAUSE_MAX);
                    pause
                }
            };
            stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        }
        if let Err(error) = self.write_all().await {
            tracing::error!(%error, "events stay in the spool for the next start");
        }
        if let Err(error) = self.db.close().await {
            tracing::warn!(%error, "the ledger's connection was not closed");
        }
    }

    async fn renew_connection(&mut self) {
        match self.db.renew().await {
            Ok(()) => tracing::info!("events go on another connection now"),
            Err(error) => tracing::warn!(%error, "there is no other connection either"),
        }
    }

    /// Writes everything that is in the spool now. What arrives meanwhile is left for the next time: few large batches
    /// cost less than many small ones.
    ///
    /// # Errors
    /// When the spool or the database fails; what was not written is written next time.
    pub async fn write_all(&mut self) -> Result<(), WriterError> {
        let end = self.spool.end_cursor();
        while self.cursor < end {
            let (spool, from) = (Arc::clone(&self.spool), self.cursor);
            let (events, to) = tokio::task::spawn_blocking(move || spool.read(from)).await??;
            let chunks = events.len().div_ceil(BATCH_EVENTS_MAX);
            for (index, chunk) in events.chunks(BATCH_EVENTS_MAX).enumerate() {
                let charges = self.charges(chunk, from < self.own_from);
                self.counters.note_writing(&charges, true);
                let taken_over = match self.write(chunk, (index + 1 == chunks).then_some(to)).await {
                    Ok(taken_over) => taken_over,
                    Err(error) => {
                        self.counters.note_writing(&charges, false);
                        return Err(error);
                    }
                };
                if self.counters.is_shared() {
                    self.told.extend(chunk.iter().map(|event| Arc::clone(&event.request_id)));
                }
                self.counters.written(charges, taken_over).await;
            }
            let count = u64::try_from(events.len()).unwrap_or(u64::MAX);
            if count > 0 || to != self.cursor {
                let spool = Arc::clone(&self.spool);
                tokio::task::spawn_blocking(move || spool.trim(&to, count)).await??;
            }
            if to == self.cursor {
                break;
            }
            self.cursor = to;
            self.told.clear();
        }
        if self.cursor >= self.own_from {
            self.counters.former_written();
        }
        Ok(())
    }

    /// What the counters have to hear of `events`, where nodes count together. What a former process counted is not part
    /// of what this one did.
    fn charges(&self, events: &[SpendEvent], is_former: bool) -> Vec<Charge> {
        if !self.counters.is_shared() {
            return Vec::new();
        }
        let charges = events.iter().filter(|event| !self.told.contains(&event.request_id)).flat_map(|event| {
            let spent = if is_former { NanoUsd::ZERO } else { NanoUsd(event.spend_nano) };
            let charged = event.charges.iter();
            charged.filter_map(move |charge| {
                Some((ScopeId::named(&charge.kind, &charge.id)?, charge.window_start(), spent))
            })
        });
        charges.collect()
    }

    /// Writes a batch, and returns windows that took over some of it. Where the database refuses what is in it, writes one
    /// event after the other and sets those aside that it refuses: they would keep all others waiting for ever. `to` is
    /// how far the spool is written then.
    async fn write(&mut self, events: &[SpendEvent], to: Option<Cursor>) -> Result<Vec<Charge>, WriterError> {
        match self.write_in_time(events, to).await {
            Err(WriterError::Database(error)) if db::is_data_refused(&error) => {}
            done => return done,
        }
        let mut carried = Vec::new();
        for event in events {
            match self.write_in_time(std::slice::from_ref(event), None).await {
                Err(WriterError::Database(error)) if db::is_data_refused(&error) => {
                    if !self.set_aside.contains(&event.request_id) {
                        let alert = watch::not_tracked(event, &error.to_string(), self.spool.now());
                        let raised = db::alert::raise(self.db.get(), vec![alert]);
                        tokio::time::timeout(BATCH_TIMEOUT, raised).await.map_err(|_| WriterError::Timeout)??;
                        let json = serde_json::to_string(event).map_err(SpoolError::from)?;
                        self.spool.set_aside(&json, &error.to_string())?;
                        self.set_aside.insert(Arc::clone(&event.request_id));
                    }
                }
                done => carried.extend(done?),
            }
        }
        carried.extend(self.write_in_time(&[], to).await?);
        Ok(carried)
    }

    async fn write_in_time(&self, events: &[SpendEvent], to: Option<Cursor>) -> Result<Vec<Charge>, WriterError> {
        counter!("tollgate_ledger_batches_total").increment(1);
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let cursor = to.map(|to| spool_cursor::Model {
            spool_id: self.spool.id().to_owned(),
            segment: whole(to.segment),
            position: whole(to.offset),
            written_at: db::stored_time(self.spool.now()),
        });
        let watching = Some(&self.watch);
        let began = Instant::now();
        let writing = write(self.db.get(), events, cursor, watching, self.spool.now());
        let written = tokio::time::timeout(BATCH_TIMEOUT, writing).await;
        let written = written.map_err(|_| WriterError::Timeout).and_then(|written| Ok(written?));
        count_batch(began.elapsed(), written.is_ok());
        written
    }
}

/// Counts a batch, by LiteLLM's names.
fn count_batch(took: Duration, is_written: bool) {
    let labels = [("batch_write_to_db", "batch_write_to_db")];
    histogram!("litellm_batch_write_to_db_latency", &labels).record(took.as_secs_f64());
    counter!("litellm_batch_write_to_db_total_requests_total", &labels).increment(1);
    counter!("litellm_batch_write_to_db_failed_requests_total", &labels).increment(u64::from(!is_written));
}

/// Writes a batch in one transaction, at the end of its last call: calls, and what the new ones add to every sum.
///
/// # Errors
/// When the database is away; nothing was written then.
pub async fn write_batch(db: &DatabaseConnection, events: &[SpendEvent]) -> Result<(), DbErr> {
    let now = events.iter().map(|event| event.end_time).max().unwrap_or_default();
    write(db, events, None, None, now).await?;
    Ok(())
}

/// The same, and notes how far a spool has been written, and what is worth an alert. Returns windows that took over some
/// of it, with all that is spent there.
async fn write(
    db: &DatabaseConnection,
    events: &[SpendEvent],
    cursor: Option<spool_cursor::Model>,
    watching: Option<&Watch>,
    now: DateTime<Utc>,
) -> Result<Vec<Charge>, DbErr> {
    let events: Vec<_> = events.iter().map(SpendEvent::storable).collect();
    let transaction = db::begin(db).await?;
    budget_spend::share_windows(&transaction).await?;
    let rows = events.iter().map(|event| batch::log_row(event)).collect();
    let inserted = db::ledger::insert_calls(&transaction, rows).await?;
    let mut touched = Sums::of(&events, &inserted).write(&transaction).await?;
    let carried = batch::book_carried(&transaction, &touched).await?;
    let taken_over = carried.iter().filter_map(|touched| spent_in(&touched.window)).collect();
    touched.extend(carried);
    batch::book_late(&transaction, &events, &inserted, now).await?;
    if let Some(watch) = watching {
        watch.look(&transaction, &events, &inserted, touched, now).await?;
    }
    let is_new = |event: &&Cow<'_, SpendEvent>| inserted.contains(&*event.request_id);
    let interrupted = events.iter().filter(is_new).filter_map(|event| batch::interrupted_row(event)).collect();
    db::ledger::insert_interrupted(&transaction, interrupted).await?;
    if let Some(cursor) = cursor {
        spool_cursor::set(&transaction, cursor).await?;
    }
    transaction.commit().await?;
    Ok(taken_over)
}

fn spent_in(window: &budget_spend::Model) -> Option<Charge> {
    let scope = ScopeId::named(&window.scope_kind, &window.scope_id.as_str().into())?;
    Some((scope, budget_spend::window_start(window.window_start), window.sum()))
}
