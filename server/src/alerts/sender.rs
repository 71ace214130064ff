//! The one node that tells alerts.

mod away;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::DbErr;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tollgate_openapi::alert::{AlertLevel, AlertType};

use self::away::{AWAY_MIN, Away};
use super::names::Names;
use super::send::NotTaken;
use super::{Alerts, Channel, Message};
use crate::db;
use crate::db::alert_channel_state::Model as State;
use crate::db::alert_delivery::{self, Due, FAILED, MUTED};
use crate::db::lease::Lease;
use crate::domain::alert::{Happened, NewAlert};

/// How often the outbox is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A look that takes longer leads nowhere: a connection may never tell.
const LOOK_TIMEOUT: Duration = Duration::from_secs(20);
/// The name of the lease of whoever tells alerts.
const LEASE: &str = "alerts";
/// How long another node waits for one that is gone.
const LEASE_TIME: TimeDelta = TimeDelta::seconds(10);
/// From so many alerts at once on, they come as a digest.
const DIGEST_FROM: i64 = 4;
/// Alerts that a digest names; it counts the others.
const DIGEST_NAMED: u64 = 10;
/// A channel that did not take so many messages one after the other raises an alert in the others.
const FAILING_FROM: i64 = 3;
/// How long a channel is left alone after its first failure, its second, and so on; the last holds for all that follow.
const RESTS: [TimeDelta; 6] = [
    TimeDelta::seconds(5),
    TimeDelta::seconds(15),
    TimeDelta::seconds(60),
    TimeDelta::seconds(120),
    TimeDelta::seconds(300),
    TimeDelta::seconds(600),
];
/// How often it is looked whether a report of spend is due.
const REPORT_EVERY: TimeDelta = TimeDelta::minutes(10);
/// What was tried for so long is given up.
const GIVE_UP_AFTER: TimeDelta = TimeDelta::hours(24);
/// Alerts that did not happen for so long are deleted.
const KEEP: TimeDelta = TimeDelta::days(90);
/// How often that is looked at.
const PRUNE_EVERY: TimeDelta = TimeDelta::minutes(10);

/// One channel, or one address of it.
type Place = (String, String);

/// Tells alerts while this node is the one that does.
#[derive(Debug)]
pub struct Sender {
    alerts: Arc<Alerts>,
    lease: Lease,
    pruned_at: DateTime<Utc>,
    /// When it is next looked whether a report is due.
    report_at: DateTime<Utc>,
    /// Places that are being told something.
    busy: Vec<Place>,
    telling: JoinSet<Told>,
    /// When messages were told of late.
    told: HashMap<Place, VecDeque<DateTime<Utc>>>,
    /// Places that are left alone, and until when.
    resting: HashMap<Place, DateTime<Utc>>,
    /// The gateway's channels as they were last read: what is told of while the database is away.
    known: Vec<Channel>,
    /// That the database is away.
    away: Option<Away>,
}

/// What came of telling a place something.
#[derive(Debug)]
struct Told {
    place: Place,
    messages: usize,
    rest_until: Option<DateTime<Utc>>,
}

impl Sender {
    /// A node that may tell alerts.
    #[must_use]
    pub fn new(alerts: Arc<Alerts>) -> Self {
        Self {
            alerts,
            lease: Lease::new(LEASE, LEASE_TIME),
            pruned_at: DateTime::<Utc>::MIN_UTC,
            report_at: DateTime::<Utc>::MIN_UTC,
            busy: Vec::new(),
            telling: JoinSet::new(),
            told: HashMap::new(),
            resting: HashMap::new(),
            known: Vec::new(),
            away: None,
        }
    }

    /// Tells alerts until `stop`; what is being told then is told to its end.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let began = self.alerts.clock.now();
            let looked = tokio::time::timeout(LOOK_TIMEOUT, self.look()).await;
            match looked.unwrap_or_else(|_| Err(DbErr::Custom("the database does not answer".to_owned()))) {
                Ok(()) => self.database_is_back().await,
                Err(error) => self.database_is_away(&error, began),
            }
        }
        while self.telling.join_next().await.is_some() {}
        self.lease.give_back(&self.alerts.db).await;
    }

    async fn look(&mut self) -> Result<(), DbErr> {
        while let Some(told) = self.telling.try_join_next() {
            match told {
                Ok(told) => self.note(told),
                Err(error) => {
                    tracing::error!(%error, "telling an alert failed");
                    // Whose place it was is lost with it; to be told twice is better than never.
                    self.busy.clear();
                }
            }
        }
        let now = db::stored_time(self.alerts.clock.now());
        if !self.is_chosen(now).await? {
            return Ok(());
        }
        if now >= self.report_at {
            self.alerts.report(now).await?;
            self.alerts.report_models(now).await?;
            self.report_at = now + REPORT_EVERY;
        }
        while self.alerts.dispatch().await? {
            if !self.is_chosen(self.alerts.clock.now()).await? {
                return Ok(());
            }
        }
        // What was dispatched a moment ago is due now.
        let now = db::stored_time(self.alerts.clock.now());
        let all_due = alert_delivery::due(&self.alerts.db, now).await?;
        if !all_due.is_empty() {
            let channels = self.alerts.channels().await?;
            for due in all_due {
                self.tell(&channels, due, now).await?;
            }
        }
        self.prune(now).await
    }

    /// Whether this is the node that tells alerts: it holds the lease, or takes it.
    async fn is_chosen(&mut self, now: DateTime<Utc>) -> Result<bool, DbErr> {
        let before = self.lease.held_until();
        let is_chosen = self.lease.hold(&self.alerts.db, now).await?;
        if is_chosen && self.lease.held_until() != before {
            self.known = self.alerts.channels().await?.into_iter().filter(Channel::is_ours).collect();
        }
        Ok(is_chosen)
    }

    async fn tell(&mut self, channels: &[Channel], due: Due, now: DateTime<Utc>) -> Result<(), DbErr> {
        let place = (due.channel_id.clone(), due.recipient.clone());
        let Some(channel) = channels.iter().find(|channel| channel.id == due.channel_id) else {
            return alert_delivery::end(&self.alerts.db, &due, (FAILED, Some("the channel is gone")), now).await;
        };
        if channel.is_muted(now) {
            return alert_delivery::end(&self.alerts.db, &due, (MUTED, None), now).await;
        }
        let is_resting = self.resting.get(&place).is_some_and(|until| now < *until);
        let room = self.room(channel, &place, now);
        if self.busy.contains(&place) || is_resting || room == 0 {
            return Ok(());
        }
        self.resting.remove(&place);
        self.busy.push(place.clone());
        let (alerts, channel) = (Arc::clone(&self.alerts), channel.clone());
        self.telling.spawn(async move { tell(&alerts, &channel, due, room, now).await });
        Ok(())
    }

    /// How many messages a place may be told now.
    fn room(&mut self, channel: &Channel, place: &Place, now: DateTime<Utc>) -> usize {
        let told = self.told.entry(place.clone()).or_default();
        while told.front().is_some_and(|at| *at <= now - TimeDelta::minutes(1)) {
            told.pop_front();
        }
        channel.messages_per_minute.saturating_sub(told.len())
    }

    fn note(&mut self, told: Told) {
        let now = self.alerts.clock.now();
        self.busy.retain(|place| *place != told.place);
        let of_late = self.told.entry(told.place.clone()).or_default();
        of_late.extend(std::iter::repeat_n(now, told.messages));
        if let Some(until) = told.rest_until {
            self.resting.insert(told.place, until);
        }
    }

    async fn prune(&mut self, now: DateTime<Utc>) -> Result<(), DbErr> {
        if now < self.pruned_at + PRUNE_EVERY {
            return Ok(());
        }
        self.pruned_at = now;
        let given_up = alert_delivery::give_up(&self.alerts.db, now - GIVE_UP_AFTER).await?;
        if given_up > 0 {
            tracing::error!(given_up, "alerts were not taken for a day and are given up");
        }
        if db::alert::prune(&self.alerts.db, now - KEEP).await? > 0 {
            alert_delivery::prune(&self.alerts.db).await?;
        }
        Ok(())
    }
}

/// Tells a place what is due there: a few alerts one by one, many as a digest.
async fn tell(alerts: &Alerts, channel: &Channel, due: Due, room: usize, began: DateTime<Utc>) -> Told {
    let place = (due.channel_id.clone(), due.recipient.clone());
    let came = tell_due(alerts, channel, &due, room, began).await;
    let (messages, rest_until) = match came {
        Ok((messages, None)) => (messages, None),
        Ok((messages, Some(failure))) => {
            let rest = not_taken(alerts, channel, &due, &failure, began).await;
            (messages, Some(alerts.clock.now() + rest))
        }
        Err(error) => {
            tracing::warn!(%error, channel = channel.id, "what an alert came to cannot be noted: it may be told again");
            (1, Some(alerts.clock.now() + RESTS[0]))
        }
    };
    Told { place, messages, rest_until }
}

/// How many messages were told, and why the last one was not taken, if it was not.
async fn tell_due(
    alerts: &Alerts,
    channel: &Channel,
    due: &Due,
    room: usize,
    began: DateTime<Utc>,
) -> Result<(usize, Option<NotTaken>), DbErr> {
    let db = &alerts.db;
    if due.alerts >= DIGEST_FROM || i64::try_from(room).unwrap_or(i64::MAX) < due.alerts {
        return Ok((1, tell_digest(alerts, channel, due, began).await?));
    }
    let names = Names::default();
    let mut messages = 0;
    for (last_id, alert) in alert_delivery::alerts(db, due, began, DIGEST_NAMED).await? {
        // Of a type that this version does not know: the one that does has told the channels.
        let Some(message) = Message::of(&alert, &names, alerts.timezone) else { continue };
        messages += 1;
        if let Err(failure) = alerts.tell(channel, &due.recipient, &message).await {
            return Ok((messages, Some(failure)));
        }
        let now = db::stored_time(alerts.clock.now());
        // Those before it are noted already.
        alert_delivery::set_sent(db, &Due { last_id, ..due.clone() }, None, (began, now)).await?;
        db::alert_channel_state::set_sent(db, &channel.id, now).await?;
    }
    if messages == 0 {
        alert_delivery::end(db, due, (FAILED, Some("the alert is gone")), began).await?;
    }
    Ok((messages, None))
}

/// Tells all that is due in one message. Returns why it was not taken, if it was not.
async fn tell_digest(
    alerts: &Alerts,
    channel: &Channel,
    due: &Due,
    began: DateTime<Utc>,
) -> Result<Option<NotTaken>, DbErr> {
    let db = &alerts.db;
    let (worst, counts) =
        (alert_delivery::worst(db, due, began, DIGEST_NAMED).await?, alert_delivery::counts(db, due, began).await?);
    let names = Names::default();
    let named: Vec<Message> = worst.iter().filter_map(|alert| Message::of(alert, &names, alerts.timezone)).collect();
    let digest = Message::digest(&named, &counts, due.last_id);
    if let Err(failure) = alerts.tell(channel, &due.recipient, &digest).await {
        return Ok(Some(failure));
    }
    let now = db::stored_time(alerts.clock.now());
    alert_delivery::set_sent(db, due, Some(digest.id), (began, now)).await?;
    db::alert_channel_state::set_sent(db, &channel.id, now).await?;
    Ok(None)
}

/// Notes that a channel does not take what it is told, and for how long it is left alone.
async fn not_taken(
    alerts: &Alerts,
    channel: &Channel,
    due: &Due,
    failure: &NotTaken,
    began: DateTime<Utc>,
) -> TimeDelta {
    let now = db::stored_time(alerts.clock.now());
    let noted = db::alert_channel_state::set_failed(&alerts.db, &channel.id, &failure.error, now).await;
    let state = match noted {
        Ok(state) => state,
        Err(error) => {
            tracing::warn!(%error, channel = channel.id, "a failing channel cannot be noted");
            return RESTS[0];
        }
    };
    // Of this place: another address of the same channel may do well.
    let tries = usize::try_from(due.attempts).unwrap_or(usize::MAX);
    let usual = RESTS.get(tries).or(RESTS.last()).copied().unwrap_or_default();
    let asked = failure.retry_after.and_then(|wait| TimeDelta::from_std(wait).ok());
    let rest = asked.map_or(usual, |asked| asked.clamp(usual, TimeDelta::hours(1)));
    let put_off = alert_delivery::put_off(&alerts.db, due, &failure.error, (began, now + rest)).await;
    let raised = match failing(channel, &state, now) {
        Some(alert) => db::alert::raise(&alerts.db, vec![alert]).await,
        None => Ok(()),
    };
    if let Err(error) = put_off.and(raised) {
        tracing::warn!(%error, channel = channel.id, "a failing channel cannot be noted");
    }
    tracing::warn!(channel = channel.id, error = failure.error, tries, "a channel does not take alerts");
    rest
}

/// The alert of a channel that fails again and again, once it does: several addresses at once are not that.
fn failing(channel: &Channel, state: &State, now: DateTime<Utc>) -> Option<NewAlert> {
    let since = state.failing_since.filter(|since| state.attempts >= FAILING_FROM && now - *since >= AWAY_MIN)?;
    Some(NewAlert {
        alert_type: AlertType::AlertChannelFailing,
        level: AlertLevel::High,
        subject_kind: "alert_channel".to_owned(),
        subject_id: channel.id.clone(),
        organization_id: channel.organization_id.clone(),
        team_id: channel.team_id.clone(),
        user_id: None,
        dedup_key: format!("alert_channel_failing/{}/{}", channel.id, since.timestamp_micros()),
        occurrences: 1,
        at: since,
        what: Happened::ChannelFailing {
            name: channel.name.clone(),
            since,
            error: state.last_error.clone().unwrap_or_default(),
        },
    })
}
