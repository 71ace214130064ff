//! Budget windows that change: what was spent counts until the new window ends.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sea_orm::ConnectionTrait;
use tollgate_openapi::money::NanoUsd;

use super::{Calendars, KEY, Kind, ORGANIZATION, ORGANIZATION_MEMBER, TEAM, TEAM_MEMBER, USER};
use crate::app::App;
use crate::counters::{Correction, Moved, ScopeId};
use crate::db;
use crate::db::budget_carry;
use crate::db::budget_spend::window_key;
use crate::db::limit::Model as Limit;
use crate::domain::model_limits;
use crate::domain::window::BudgetWindow;
use crate::error::{ApiError, ApiResult};

/// The current budget windows of a scope; `None`: the budget never resets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::management) struct Windows {
    kind: Kind,
    id: String,
    /// Of the scope as a whole.
    whole: Option<BudgetWindow>,
    by_model: BTreeMap<String, Option<BudgetWindow>>,
}

/// Scopes looked up in one query.
const SCOPES_AT_ONCE: usize = 1000;

impl Windows {
    /// The current windows of each of the scopes of one kind, in their order, as the database has them now.
    pub(in crate::management) async fn of_many(
        app: &App,
        db: &impl ConnectionTrait,
        kind: Kind,
        ids: &[String],
    ) -> ApiResult<Vec<Self>> {
        let (now, calendars) = (app.clock.now(), Calendars::load(app, db).await?);
        let mut all = Vec::with_capacity(ids.len());
        for ids in ids.chunks(SCOPES_AT_ONCE) {
            let time_zones = calendars.of_scopes(db, kind, ids).await?;
            let own = match kind {
                KEY => db::key::find_many(db, ids).await?.iter().map(Limit::of_key).collect(),
                _ => db::limit::of_kind(db, kind.scope, ids).await?,
            };
            let in_force: HashMap<_, _> =
                fill(db, own).await?.into_iter().map(|limits| (limits.scope_id.clone(), limits)).collect();
            all.extend(ids.iter().map(|id| match in_force.get(id) {
                Some(limits) => Self::of(kind, limits, calendars.pick(&time_zones, id), now),
                None => Self { kind, id: id.clone(), whole: None, by_model: BTreeMap::new() },
            }));
        }
        Ok(all)
    }

    /// The same of one scope.
    pub(in crate::management) async fn of_one(
        app: &App,
        db: &impl ConnectionTrait,
        kind: Kind,
        id: &str,
    ) -> ApiResult<Self> {
        let found = Self::of_many(app, db, kind, &[id.to_owned()]).await?;
        found.into_iter().next().ok_or_else(|| ApiError::internal("a scope has no windows"))
    }

    /// The windows of teams, of their members and keys, and of the users these belong to: all that may follow another
    /// calendar once the teams' organization does.
    pub(in crate::management) async fn of_teams(
        app: &App,
        db: &impl ConnectionTrait,
        team_ids: &[String],
    ) -> ApiResult<Vec<Self>> {
        let (mut members, mut users, mut tokens) = (Vec::new(), BTreeSet::new(), Vec::new());
        for team_id in team_ids {
            for member in db::team_member::of_team(db, team_id).await? {
                members.push(member.scope_id());
                users.insert(member.user_id);
            }
            for (token, owner) in db::key::tokens(db, db::key::Owner::Team(team_id)).await? {
                tokens.push(token);
                users.extend(owner);
            }
        }
        let users: Vec<String> = users.into_iter().collect();
        let mut all = Self::of_many(app, db, TEAM, team_ids).await?;
        all.extend(Self::of_many(app, db, TEAM_MEMBER, &members).await?);
        all.extend(Self::of_many(app, db, USER, &users).await?);
        all.extend(Self::of_many(app, db, KEY, &tokens).await?);
        Ok(all)
    }

    /// The windows of an organization and of all that may follow its calendar.
    pub(in crate::management) async fn of_organization(
        app: &App,
        db: &impl ConnectionTrait,
        id: &str,
    ) -> ApiResult<Vec<Self>> {
        let mut all = Self::of_many(app, db, ORGANIZATION, &[id.to_owned()]).await?;
        all.extend(Self::of_teams(app, db, &db::team::ids_of_organization(db, id).await?).await?);
        let members = db::organization_member::all_of_organization(db, id).await?;
        let members: Vec<String> = members.iter().map(db::organization_member::Model::scope_id).collect();
        all.extend(Self::of_many(app, db, ORGANIZATION_MEMBER, &members).await?);
        let keys = db::key::tokens(db, db::key::Owner::Organization(id)).await?;
        let (tokens, owners): (BTreeSet<_>, Vec<_>) = keys.into_iter().unzip();
        let is_new = |kind, id: &String| !all.iter().any(|windows| windows.kind == kind && windows.id == *id);
        let users: BTreeSet<String> = owners.into_iter().flatten().filter(|user| is_new(USER, user)).collect();
        let tokens: Vec<String> = tokens.into_iter().filter(|token| is_new(KEY, token)).collect();
        all.extend(Self::of_many(app, db, USER, &users.into_iter().collect::<Vec<_>>()).await?);
        all.extend(Self::of_many(app, db, KEY, &tokens).await?);
        Ok(all)
    }

    /// Carries what was spent in windows of `before` over into those that the database has for the same scopes now. The
    /// counters have to hear of what is told, once it is committed.
    pub(in crate::management) async fn carry_all(
        app: &App,
        db: &impl ConnectionTrait,
        before: &[Self],
    ) -> ApiResult<Vec<Correction>> {
        let mut corrections = Vec::new();
        for kind in Kind::ALL {
            let of_kind: Vec<&Self> = before.iter().filter(|windows| windows.kind == kind).collect();
            let ids: Vec<String> = of_kind.iter().map(|windows| windows.id.clone()).collect();
            for (before, after) in of_kind.into_iter().zip(Self::of_many(app, db, kind, &ids).await?) {
                corrections.extend(carry_over(app, db, before, &after).await?);
            }
        }
        Ok(corrections)
    }

    /// The windows that `now` is in, of the limits that are in force.
    fn of(kind: Kind, limits: &Limit, time_zone: Tz, now: DateTime<Utc>) -> Self {
        let bounds = |span| BudgetWindow::bounds(span, now, limits.budget_anchor_at, time_zone);
        // What does not parse was refused when it was set; what slipped in resets nothing.
        let by_model = model_limits::read(|name| limits.model_limits.0.get(name)).unwrap_or_default();
        Self {
            kind,
            id: limits.scope_id.clone(),
            whole: limits.budget_window(now, time_zone),
            by_model: by_model.into_iter().map(|(model, limits)| (model, limits.span.map(bounds))).collect(),
        }
    }

    /// The scope as a whole.
    pub(super) fn scope(&self) -> ScopeId {
        ScopeId { kind: self.kind.scope, id: self.id.as_str().into() }
    }

    /// Where that of the scope as a whole starts.
    pub(in crate::management) fn start(&self) -> Option<DateTime<Utc>> {
        self.whole.map(|window| window.start)
    }
}

/// The current windows of all that is attached to a budget.
pub(in crate::management) async fn attached_windows(
    app: &App,
    db: &impl ConnectionTrait,
    budget_id: &str,
) -> ApiResult<Vec<Windows>> {
    let mut all = Vec::new();
    let attached = db::limit::attached_to(db, budget_id).await?;
    for kind in Kind::ALL {
        let of_kind = attached.iter().filter(|limits| limits.scope_kind == kind.scope);
        let ids: Vec<String> = of_kind.map(|limits| limits.scope_id.clone()).collect();
        all.extend(Windows::of_many(app, db, kind, &ids).await?);
    }
    let tokens = db::key::tokens_of_budget(db, budget_id).await?;
    all.extend(Windows::of_many(app, db, KEY, &tokens).await?);
    Ok(all)
}

/// Limits filled up from the budgets they are attached to.
pub(super) async fn fill(db: &impl ConnectionTrait, own: Vec<Limit>) -> ApiResult<Vec<Limit>> {
    let budget_ids: Vec<String> = own.iter().filter_map(|limits| limits.budget_id.clone()).collect();
    let budgets: HashMap<_, _> =
        db::budget::find_many(db, &budget_ids).await?.into_iter().map(|row| (row.budget_id.clone(), row)).collect();
    let filled = own.into_iter().map(|limits| match limits.budget_id.as_ref().and_then(|id| budgets.get(id)) {
        Some(budget) => limits.filled_from(budget),
        None => limits,
    });
    Ok(filled.collect())
}

/// Carries what a scope has spent over into the windows that take the place of its old ones: a new length of a window is
/// no forgiveness. Tells which windows the counters have to hear of, once it is committed. What the ledger gets to know of
/// old windows later, it books in the new ones, too.
pub(super) async fn carry_over(
    app: &App,
    db: &impl ConnectionTrait,
    before: &Windows,
    after: &Windows,
) -> ApiResult<Vec<Correction>> {
    let whole = (before.kind.scope, before.id.clone(), [before.whole, after.whole]);
    let kept = before.by_model.iter().filter_map(|(model, from)| Some((model, [*from, *after.by_model.get(model)?])));
    let of_models = kept.map(|(model, windows)| (before.kind.model_scope, format!("{}/{model}", before.id), windows));
    let mut corrections = Vec::new();
    let start = |window: Option<BudgetWindow>| window.map(|window| window.start);
    for (kind, id, [from, to]) in std::iter::once(whole).chain(of_models) {
        let (from, window_start) = (start(from), start(to));
        if from == window_start {
            continue;
        }
        let scope = ScopeId { kind, id: id.as_str().into() };
        let in_ledger = carry_in_ledger(app, db, &scope, [from, window_start]).await?;
        // What is on its way to the ledger is booked in both windows when it comes.
        let spent = app.counters.spent_with(&scope, from, in_ledger);
        let moved = Some(Moved { from, end: to.map(|window| window.end), spent });
        corrections.push(Correction { scope, window_start, counted: NanoUsd::ZERO, moved });
    }
    Ok(corrections)
}

/// Makes what the ledger has of one window what it has of another, whose place that takes, and tells how much that is.
async fn carry_in_ledger(
    app: &App,
    db: &impl ConnectionTrait,
    ScopeId { kind, id }: &ScopeId,
    [from, to]: [Option<DateTime<Utc>>; 2],
) -> ApiResult<NanoUsd> {
    let in_ledger = db::budget_spend::spent_for_change(db, kind, id, from).await?;
    let there = db::budget_spend::spent(db, kind, id, to).await?;
    if in_ledger != there {
        db::budget_spend::adjust(db, kind, id, to, in_ledger - there).await?;
    }
    let carry = budget_carry::Model {
        scope_kind: (*kind).to_owned(),
        scope_id: id.to_string(),
        window_start: window_key(from),
        carried_to: window_key(to),
        carried_at: db::stored_time(app.clock.now()),
    };
    budget_carry::set(db, carry).await?;
    Ok(in_ledger)
}

/// Makes the spend of a window `target`, and tells by how much that changed it. What other nodes spent in the last moment
/// and the ledger does not have counts on top.
pub(in crate::management) async fn set_spend(
    app: &App,
    db: &impl ConnectionTrait,
    scope: &ScopeId,
    window_start: Option<DateTime<Utc>>,
    target: NanoUsd,
) -> ApiResult<NanoUsd> {
    let delta = target - spent(app, db, scope, window_start).await?;
    if delta != NanoUsd::ZERO {
        db::budget_spend::adjust(db, scope.kind, &scope.id, window_start, delta).await?;
    }
    Ok(delta)
}

/// What the scope has spent in the window. Calls that are settled and on their way to the ledger are part of it.
async fn spent(
    app: &App,
    db: &impl ConnectionTrait,
    scope: &ScopeId,
    window_start: Option<DateTime<Utc>>,
) -> ApiResult<NanoUsd> {
    let in_ledger = db::budget_spend::spent_for_change(db, scope.kind, &scope.id, window_start).await?;
    Ok(app.counters.spent_with(scope, window_start, in_ledger))
}
