//! Making a report and sending it.

use actix_web::web::{Bytes, BytesMut, Data};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Map, json};
use tollgate_openapi::alert::{AlertLevel, AlertType};
use tollgate_openapi::report::ReportState;

use super::file::{self, Pages};
use super::places::{self, Place};
use super::summary;
use crate::alerts::{Message, Subject, Words};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::db::report::Model;
use crate::db::report_run::{self, Model as Run};
use crate::error::{ApiError, ApiResult};
use crate::mail::{Attachment, Letter};
use crate::management::spend::export;
use crate::storage::Storage;

/// The longest file that goes with a letter, in bytes: many servers refuse longer letters.
const ATTACHMENT_BYTES_MAX: usize = 5 * 1024 * 1024;
/// How long to wait after each try that did not do; the last holds for all that follow.
const WAITS: [TimeDelta; 4] =
    [TimeDelta::minutes(1), TimeDelta::minutes(5), TimeDelta::minutes(15), TimeDelta::hours(1)];
/// What was tried for so long is given up.
const GIVE_UP_AFTER: TimeDelta = TimeDelta::hours(24);
/// More tries than fit into that time: these all ended with their node.
const ATTEMPTS_MAX: i64 = 40;

/// A report that is made.
struct Made<'a> {
    report: &'a Model,
    reader: Principal,
    days: (NaiveDate, NaiveDate),
    words: Words,
    /// Its file; `None`: it is too long to be held.
    whole: Option<Bytes>,
}

/// Makes a report and sends it wherever it was not taken yet; what became of that is noted in `run`.
///
/// # Errors
/// When the database is away.
pub(crate) async fn deliver(app: &Data<App>, report: &Model, run: &mut Run) -> ApiResult<()> {
    if run.attempts >= ATTEMPTS_MAX {
        let error = run.error.take().unwrap_or_else(|| "each try ended with its node".to_owned());
        end(run, ReportState::Failed, Some(error), app.clock.now());
        return Ok(());
    }
    run.attempts += 1;
    // Noted before anything is sent: where a try ends with its node, the next one waits its time.
    run.next_attempt_at = Some(db::stored_time(app.clock.now() + wait_after(run)));
    report_run::write(&app.db, run).await?;
    let days = (run.first_day, run.last_day);
    let Some(reader) = Principal::reading_for(&app.db, &report.user_id).await? else {
        let error = "its owner is blocked or gone: nobody says what it may tell";
        end(run, ReportState::Failed, Some(error.to_owned()), app.clock.now());
        return Ok(());
    };
    let (channels, mut left, mut refused) = (app.alerts.channels().await?, Vec::new(), Vec::new());
    for place in places::of(report, &channels).into_iter().filter(|place| !run.told.0.contains(&place.name())) {
        match place.is_allowed(app, &reader, report).await? {
            true => left.push(place),
            false => refused.push(place.refusal()),
        }
    }
    let errors = if left.is_empty() { Vec::new() } else { send(app, report, (reader, days), &left, run).await? };
    let now = app.clock.now();
    match (errors.is_empty(), refused.is_empty()) {
        (true, true) => end(run, ReportState::Sent, None, now),
        // Asking again does not make it allowed.
        (true, false) => end(run, ReportState::Failed, Some(refused.join("; ")), now),
        (false, _) => {
            run.error = Some([errors, refused].concat().join("; "));
            put_off(run, now);
        }
    }
    Ok(())
}

/// Makes a report and sends it to these places; tells what went wrong, in words for whoever looks after the report.
async fn send(
    app: &Data<App>,
    report: &Model,
    (reader, days): (Principal, (NaiveDate, NaiveDate)),
    places: &[Place<'_>],
    run: &mut Run,
) -> ApiResult<Vec<String>> {
    let usage = summary::usage(app, &reader.scope(), report, days).await?;
    let words = summary::words(report, &usage);
    let mut made = Made { report, reader, days, words, whole: None };
    made.whole = made.whole(app).await?;
    let mut errors = Vec::new();
    for place in places {
        match made.tell(app, place, run).await {
            Ok(()) => {
                run.told.0.push(place.name());
                report_run::write(&app.db, run).await?;
            }
            Err(error) => errors.push(error),
        }
    }
    Ok(errors)
}

/// Notes that a try did not come to anything.
pub(crate) fn give_up(run: &mut Run, error: &ApiError, now: DateTime<Utc>) {
    run.error = Some(error.message().into_owned());
    put_off(run, now);
}

/// How long to wait after the try that was the last.
fn wait_after(run: &Run) -> TimeDelta {
    let tries = usize::try_from(run.attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    WAITS.get(tries).or(WAITS.last()).copied().unwrap_or_default()
}

fn put_off(run: &mut Run, now: DateTime<Utc>) {
    let wait = wait_after(run);
    if now + wait > run.created_at + GIVE_UP_AFTER {
        let error = run.error.take();
        return end(run, ReportState::Failed, error, now);
    }
    run.next_attempt_at = Some(db::stored_time(now + wait));
}

fn end(run: &mut Run, state: ReportState, error: Option<String>, now: DateTime<Utc>) {
    state.name().clone_into(&mut run.state);
    run.next_attempt_at = None;
    run.error = error;
    run.ended_at = Some(db::stored_time(now));
}

impl Made<'_> {
    async fn pages(&self, app: &Data<App>) -> ApiResult<Pages> {
        Pages::of(app.clone(), self.reader.scope(), self.report, self.days).await
    }

    /// The file, where it is short enough to be held.
    async fn whole(&self, app: &Data<App>) -> ApiResult<Option<Bytes>> {
        let (mut pages, mut whole) = (self.pages(app).await?, BytesMut::new());
        while let Some(page) = pages.next().await? {
            if whole.len() + page.len() > ATTACHMENT_BYTES_MAX {
                return Ok(None);
            }
            whole.extend_from_slice(&page);
        }
        Ok(Some(whole.freeze()))
    }

    /// Sends the report to one place; the error is in words.
    async fn tell(&self, app: &Data<App>, place: &Place<'_>, run: &mut Run) -> Result<(), String> {
        match place {
            Place::Letter(address) => {
                let sent = app.mailer.send_now(&self.letter(app, address)).await;
                sent.map_err(|error| format!("{address}: {error}"))
            }
            Place::Channel(channel, recipient) => {
                let told = app.alerts.tell_at(channel, recipient, &self.message(run, app.clock.now())).await;
                told.map_err(|error| format!("{}: {error}", channel.name))
            }
            Place::Storage => {
                let storage = app.report_storage.as_ref().ok_or("tollgate_settings.report_storage is not set")?;
                let name = self.stored_name();
                let put = self.put(app, storage, &name).await;
                let bytes = put.map_err(|error| format!("{}: {error}", storage.address()))?;
                run.address = Some(storage.address_of(&name));
                run.bytes = i64::try_from(bytes).ok();
                Ok(())
            }
        }
    }

    /// A folder a report, and a file a period.
    fn stored_name(&self) -> String {
        let id: String = self.report.report_id.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
        format!("{}-{id}/{}", file::plain(&self.report.name), file::name(self.report, self.days))
    }

    /// Puts the file into the storage, and tells how long it is.
    async fn put(&self, app: &Data<App>, storage: &Storage, name: &str) -> Result<usize, String> {
        if let Some(whole) = &self.whole {
            storage.put(name, whole.clone()).await.map_err(|error| error.to_string())?;
            return Ok(whole.len());
        }
        let mut pages = self.pages(app).await.map_err(|error| error.message().into_owned())?;
        let mut stored = storage.file(name).map_err(|error| error.to_string())?;
        let mut length = 0;
        loop {
            let error = match pages.next().await {
                Ok(Some(page)) => {
                    length += page.len();
                    match stored.push(page).await {
                        Ok(()) => continue,
                        Err(error) => error.to_string(),
                    }
                }
                Ok(None) => return stored.finish().await.map(|()| length).map_err(|error| error.to_string()),
                Err(error) => error.message().into_owned(),
            };
            stored.give_up().await;
            return Err(error);
        }
    }

    fn letter(&self, app: &App, address: &str) -> Letter {
        let words = &self.words;
        let facts: Vec<_> = words.facts.iter().map(|fact| (fact.name.as_str(), fact.value.as_str())).collect();
        let url = words.link.as_ref().map(|link| format!("{}{link}", app.identity.base_url));
        let link = url.as_deref().map(|url| ("Open it in Tollgate", url));
        let too_long = "Its file is too long for a letter: read it there.";
        let paragraphs: &[&str] = match self.whole {
            Some(_) => &[words.text.as_str()],
            None => &[words.text.as_str(), too_long],
        };
        let letter = Letter::with_table(address, &format!("[Tollgate] {}", words.title), paragraphs, &facts, link);
        match &self.whole {
            None => letter,
            Some(bytes) => letter.with_attachment(Attachment {
                name: file::name(self.report, self.days),
                media_type: export::content_type(self.report.definition.format),
                bytes: bytes.clone(),
            }),
        }
    }

    fn message(&self, run: &Run, now: DateTime<Utc>) -> Message {
        let (first, last) = self.days;
        let details = json!({"report_id": self.report.report_id, "first_day": first, "last_day": last});
        Message {
            id: 0,
            key: format!("report_{}_{first}_{}", self.report.report_id, run.created_at.timestamp_micros()),
            alert_type: AlertType::SpendReports,
            level: AlertLevel::Low,
            event: "report".to_owned(),
            at: now,
            subject: Subject {
                kind: "report".to_owned(),
                id: self.report.report_id.clone(),
                organization_id: self.report.organization_id.clone(),
                team_id: self.report.team_id.clone(),
                user_id: Some(self.report.user_id.clone()),
            },
            details: details.as_object().cloned().unwrap_or_else(Map::new),
            words: self.words.clone(),
            incident: None,
            over: Vec::new(),
        }
    }
}
