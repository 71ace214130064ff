//! Follows changes of keys and other entities with limits that were made on other nodes.

use std::collections::BTreeSet;
use std::time::Duration;

use sea_orm::DbErr;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::Work;
use crate::counters::ScopeId;
use crate::db::budget_carry;
use crate::db::policy_change::{self, Model as PolicyChange};
use crate::management;
use crate::models::CHANGED_BY;
use crate::policy::PolicyError;
use crate::settings;

/// How soon a change made on another node is in force here, where nothing announces it.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Changes that cannot be read in this time are read on another connection: this one may lead nowhere.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// Changes are read this far back: on Postgres a smaller id may be committed after a larger one.
const LOOK_BACK: i64 = 64;
/// Changes read at once.
const CHANGES_MAX: u64 = 1_000;
/// How often changes that every node has seen are removed.
const PRUNE_EVERY: Duration = Duration::from_secs(600);
/// How long changes are kept: far longer than a node takes to look.
const KEEP: chrono::TimeDelta = chrono::TimeDelta::hours(1);
/// How long it is known which window took the place of which: far longer than calls wait in a spool.
const KEEP_CARRIES: chrono::TimeDelta = chrono::TimeDelta::days(30);

/// A budget changes the windows of all that is attached to it, an organization those of all that follow its calendar.
const CONCERN_OTHERS: [&str; 2] = ["budget", "organization"];

/// What was read before.
#[derive(Debug, Default)]
struct Read {
    last: i64,
    seen: BTreeSet<i64>,
    /// There may be more than were read at once.
    has_more: bool,
}

/// Looks when a change is announced, and from time to time.
pub(super) async fn follow(work: Work, stop: CancellationToken) {
    let mut is_away = false;
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut read = Read { last: policy_change::last_id(&work.db).await.unwrap_or(0), ..Read::default() };
    let mut pruned_at = Instant::now();
    // What changed while this node started.
    let (mut has_other_models, mut has_other_settings) = (true, true);
    loop {
        let next = async {
            tokio::select! {
                _ = ticks.tick() => {}
                () = work.policy.bulletin().heard() => {}
                () = std::future::ready(()), if read.has_more => {}
            }
        };
        if stop.run_until_cancelled(next).await.is_none() {
            return;
        }
        match read.next(&work).await {
            Ok(changes) => {
                is_away = false;
                forget(&work, &changes).await;
                has_other_models |= changes.iter().any(|change| CHANGED_BY.contains(&change.entity_kind.as_str()));
                has_other_settings |= changes.iter().any(|change| change.entity_kind == settings::CHANGED_BY);
            }
            Err(error) => {
                if !std::mem::replace(&mut is_away, true) {
                    tracing::warn!(%error, "changes of limits cannot be followed; what is known goes on as it is");
                }
            }
        }
        if has_other_settings {
            has_other_settings = in_time(management::settings::refresh(&work.app)).await.is_err();
        }
        if has_other_models {
            has_other_models = in_time(work.models.refresh()).await.is_err();
        }
        work.policy.bulletin().note_read(read.last);
        if pruned_at.elapsed() >= PRUNE_EVERY {
            pruned_at = Instant::now();
            if let Err(error) = prune(&work).await {
                tracing::debug!(%error, "old changes stay a little longer");
            }
        }
    }
}

/// Removes what no node needs any more.
async fn prune(work: &Work) -> Result<(), DbErr> {
    let now = work.clock.now();
    policy_change::prune(&work.db, now - KEEP).await?;
    budget_carry::prune(&work.db, now - KEEP_CARRIES).await?;
    Ok(())
}

/// Puts what was changed on another node in force; what fails is tried again.
async fn in_time(reading: impl Future<Output = Result<(), DbErr>>) -> Result<(), DbErr> {
    let read = tokio::time::timeout(READ_TIMEOUT, reading).await;
    let read = read.unwrap_or_else(|_| Err(DbErr::Custom("the database does not answer".to_owned())));
    if let Err(error) = &read {
        tracing::debug!(%error, "changed models or settings cannot be read yet");
    }
    read
}

async fn forget(work: &Work, changes: &[PolicyChange]) {
    changes.iter().for_each(|change| work.policy.forget(&change.entity_kind, &change.entity_id));
    let scope = |change: &PolicyChange| ScopeId::named(&change.entity_kind, &change.entity_id.as_str().into());
    let mut scopes: Vec<ScopeId> = changes.iter().filter_map(scope).collect();
    work.counters.corrected(&scopes).await;
    // Whose calendar a user follows is a matter of their teams.
    let members = changes.iter().filter(|change| change.entity_kind == "team_member");
    let users = members.filter_map(|change| change.entity_id.split_once('/'));
    scopes.extend(users.filter_map(|(_, user)| ScopeId::named("user", &user.into())));
    let concerns_others = changes.iter().any(|change| CONCERN_OTHERS.contains(&change.entity_kind.as_str()));
    let concerned = (!concerns_others).then_some(&*scopes);
    if concerned.is_none_or(|scopes| !scopes.is_empty())
        && let Err(error) = tokio::time::timeout(READ_TIMEOUT, move_on(work, concerned)).await.unwrap_or(Ok(()))
    {
        tracing::debug!(%error, "calls in flight count where they were admitted");
    }
}

/// Calls in flight count in the window that was put in the place of theirs.
async fn move_on(work: &Work, concerned: Option<&[ScopeId]>) -> Result<(), PolicyError> {
    for scope in work.counters.busy(concerned).await {
        let scopes = work.policy.scopes_of(scope.kind, &scope.id).await?;
        work.counters.follow(&scopes);
    }
    Ok(())
}

impl Read {
    /// Changes that were not read before.
    async fn next(&mut self, work: &Work) -> Result<Vec<PolicyChange>, DbErr> {
        let from = self.last.saturating_sub(LOOK_BACK);
        let reading = policy_change::since(&work.db, from, CHANGES_MAX);
        let read = tokio::time::timeout(READ_TIMEOUT, reading).await;
        let mut changes = read.unwrap_or_else(|_| Err(DbErr::Custom("the database does not answer".to_owned())))?;
        self.has_more = changes.len() >= usize::try_from(CHANGES_MAX).unwrap_or(usize::MAX);
        changes.retain(|change| self.seen.insert(change.id));
        // Nothing new among so many: they are those that were read before.
        self.has_more &= !changes.is_empty();
        self.last = changes.iter().map(|change| change.id).fold(self.last, i64::max);
        self.seen = self.seen.split_off(&self.last.saturating_sub(LOOK_BACK));
        Ok(changes)
    }
}
