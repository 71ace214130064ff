//! Budgets that a batch of calls brings to a point that somebody should know of.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sea_orm::{ConnectionTrait, DbErr};
use serde::Deserialize;
use tollgate_openapi::alert::{AlertLevel, AlertType};
use tollgate_openapi::money::NanoUsd;

use super::Touched;
use crate::config::AlertSettings;
use crate::db;
use crate::db::limit::Model as Limit;
use crate::domain::alert::{BudgetState, Happened, NewAlert, Point, points, projected};
use crate::domain::model_limits;
use crate::domain::window::{BudgetWindow, Span};
use crate::ledger::event::{REFUSING_BUDGET_NOTE, RefusingBudget, SpendEvent};

/// Kinds of scopes whose limits are rows of their own; keys have theirs in themselves.
const KINDS: [&str; 9] =
    ["team_member", "organization_member", "user", "team", "organization", "customer", "tag", "provider", "gateway"];

/// From this part of it on, in percent, a budget that refuses a call is spent.
const CRUMBS_FROM_PERCENT: i64 = 95;
/// Ids of one query: a batch may be charged to more tags than a statement takes values.
const IDS_MAX: usize = 1_000;

/// A budget.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BudgetLine {
    /// The hard limit of each window.
    pub max: Option<NanoUsd>,
    /// The one that only warns.
    pub soft: Option<NanoUsd>,
    /// How often it starts anew. `None`: never.
    pub span: Option<Span>,
    /// Windows that follow no calendar count from here.
    pub anchor: DateTime<Utc>,
}

/// Budgets that are not in the database.
#[derive(Clone, Debug, Default)]
pub struct ConfiguredBudgets {
    /// Of each customer without one of their own.
    pub customer: Option<BudgetLine>,
    /// Of tags, by name.
    pub tags: BTreeMap<String, BudgetLine>,
    /// The zone whose calendar windows follow, where an organization has no other.
    pub timezone: Tz,
}

/// Kind and id of a scope.
type Scope<'a> = (&'a str, &'a str);

/// The kind of what has a budget for a single model, where `kind` is the kind of such a budget.
fn entity_of(kind: &str) -> Option<&str> {
    kind.strip_suffix("_model")
}

/// Whose budget for which model the id `ENTITY/MODEL` may mean: either may have slashes.
fn halves(id: &str) -> impl Iterator<Item = (&str, &str)> {
    id.match_indices('/').filter_map(|(at, _)| Some((id.get(..at)?, id.get(at + 1..)?)))
}

/// What is to be told of calls that a budget refused: where only crumbs are left of it, it is as good as spent; else the call
/// was too large for what is left.
pub(super) fn refused<'e>(events: impl Iterator<Item = &'e SpendEvent>, now: DateTime<Utc>) -> Vec<NewAlert> {
    let noted = events.filter_map(|event| Some((event, event.metadata.get(REFUSING_BUDGET_NOTE)?)));
    let read = noted.filter_map(|(event, note)| Some((event, RefusingBudget::deserialize(note).ok()?)));
    let is_known = |kind: &str| kind == "key" || KINDS.contains(&kind);
    let alerts = read.filter(|(_, budget)| is_known(entity_of(&budget.kind).unwrap_or(&budget.kind)));
    alerts
        .map(|(event, budget)| {
            let owner = owner(event, &budget.kind, &budget.id);
            let state = BudgetState {
                spent: budget.spent_nano,
                max_budget: Some(budget.max_nano),
                window_start: budget.window_start,
                window_end: budget.window_end,
            };
            let start = budget.window_start.map_or(0, |start| start.timestamp_micros());
            let part = |percent: i64| i128::from(budget.max_nano) * i128::from(percent);
            let is_spent = i128::from(budget.spent_nano) * 100 >= part(CRUMBS_FROM_PERCENT);
            let (level, what, of) = if is_spent {
                (AlertLevel::High, Happened::BudgetCrossed { budget: state }, spent_key(start, budget.max_nano))
            } else {
                let of = format!("{start}/{}/refused", budget.max_nano);
                (AlertLevel::Medium, Happened::CallRefused { budget: state }, of)
            };
            told((&budget.kind, &budget.id), owner, &of, now, (level, what))
        })
        .collect()
}

/// What tells one window of a budget that is spent from another: when it began, in microseconds, and the limit.
fn spent_key(start: i64, max: i64) -> String {
    format!("{start}/{max}/spent")
}

/// An alert about a scope.
fn told(
    (kind, id): Scope<'_>,
    owner: Owner,
    of: &str,
    now: DateTime<Utc>,
    (level, what): (AlertLevel, Happened),
) -> NewAlert {
    let key = format!("budget_alerts/{kind}/{id}/{of}");
    NewAlert {
        subject_kind: kind.to_owned(),
        subject_id: id.to_owned(),
        organization_id: owner.organization_id,
        team_id: owner.team_id,
        user_id: owner.user_id,
        ..NewAlert::of_gateway(AlertType::BudgetAlerts, level, key, now, what)
    }
}

/// What is to be told of these windows.
pub(super) async fn of<'e>(
    db: &impl ConnectionTrait,
    configured: &ConfiguredBudgets,
    settings: &AlertSettings,
    events: impl Iterator<Item = &'e SpendEvent>,
    touched: Vec<Touched>,
    now: DateTime<Utc>,
) -> Result<Vec<NewAlert>, DbErr> {
    let scopes: Vec<Scope<'_>> = touched
        .iter()
        .filter(|one| one.added > 0)
        .map(|one| (one.window.scope_kind.as_str(), one.window.scope_id.as_str()))
        .collect();
    let lines = lines(db, configured, &scopes, now).await?;
    let mut reached = Vec::new();
    for one in touched.iter().filter(|one| one.added > 0) {
        let scope = (one.window.scope_kind.as_str(), one.window.scope_id.as_str());
        let Some(line) = lines.get(&scope) else { continue };
        let after = NanoUsd(one.window.spent) + NanoUsd(one.window.adjusted);
        let before = after - NanoUsd(one.added);
        let points = points(before, after, (line.max, line.soft), &settings.budget_percents);
        if !points.is_empty() {
            reached.push((one, line, after, points));
        }
    }
    if reached.is_empty() {
        return Ok(Vec::new());
    }
    let owners = owners(events);
    let zones: HashMap<String, String> = db::organization::time_zones(db).await?.into_iter().collect();
    let alerts = reached.into_iter().flat_map(|(one, line, spent, points)| {
        let owner = owners.get(&(one.window.scope_kind.clone(), one.window.scope_id.clone()));
        let owner = owner.cloned().unwrap_or_default();
        let zone = owner.zone_of.as_ref().and_then(|id| zones.get(id)?.parse().ok());
        let fallback_zone = configured.timezone;
        let reached = Reached { one, line, spent, owner, zone: zone.unwrap_or(fallback_zone), fallback_zone, now };
        points.into_iter().filter_map(|point| reached.alert(point)).collect::<Vec<_>>()
    });
    Ok(alerts.collect())
}

/// The budgets of these scopes, as far as they have any.
async fn lines<'a>(
    db: &impl ConnectionTrait,
    configured: &ConfiguredBudgets,
    scopes: &[Scope<'a>],
    now: DateTime<Utc>,
) -> Result<HashMap<Scope<'a>, BudgetLine>, DbErr> {
    let ids_of = |kind: &str| -> Vec<String> {
        let whole = scopes.iter().filter(|scope| scope.0 == kind).map(|scope| scope.1);
        let of_models = scopes.iter().filter(|scope| entity_of(scope.0) == Some(kind));
        let mut ids: Vec<String> =
            whole.chain(of_models.flat_map(|scope| halves(scope.1)).map(|(id, _)| id)).map(str::to_owned).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let (mut limits, mut raises): (Vec<Limit>, HashMap<String, NanoUsd>) = (Vec::new(), HashMap::new());
    for tokens in ids_of("key").chunks(IDS_MAX) {
        for key in db::key::find_many(db, tokens).await? {
            let raise = key.temp_budget_increase.zip(key.temp_budget_expiry).filter(|(_, until)| now < *until);
            raises.extend(raise.map(|(by, _)| (key.token.clone(), NanoUsd(by))));
            limits.push(Limit::of_key(&key));
        }
    }
    for kind in KINDS {
        for ids in ids_of(kind).chunks(IDS_MAX) {
            limits.extend(db::limit::of_kind(db, kind, ids).await?);
        }
    }
    let mut budget_ids: Vec<String> = limits.iter().filter_map(|limit| limit.budget_id.clone()).collect();
    budget_ids.sort_unstable();
    budget_ids.dedup();
    let budgets: HashMap<String, db::budget::Model> = db::budget::find_many(db, &budget_ids)
        .await?
        .into_iter()
        .map(|budget| (budget.budget_id.clone(), budget))
        .collect();
    let set: HashMap<(String, String), (BudgetLine, Limit)> = limits
        .into_iter()
        .map(|limit| {
            let budget = limit.budget_id.as_ref().and_then(|id| budgets.get(id));
            let limit = budget.map_or(limit.clone(), |budget| limit.clone().filled_from(budget));
            let mut line = line(&limit);
            if let Some(raise) = raises.get(&limit.scope_id).filter(|_| limit.scope_kind == "key") {
                line.max = line.max.map(|max| max + *raise);
            }
            ((limit.scope_kind.clone(), limit.scope_id.clone()), (line, limit))
        })
        .collect();
    let known = |kind: &str, id: &str| set.get(&(kind.to_owned(), id.to_owned()));
    let found = scopes.iter().filter_map(|scope| {
        let line = match entity_of(scope.0) {
            Some(kind) => halves(scope.1).find_map(|(id, model)| line_of_model(&known(kind, id)?.1, model))?,
            None => {
                let set = known(scope.0, scope.1).map(|(line, _)| line.clone()).unwrap_or_default();
                set.filled_from(configured.line(*scope))
            }
        };
        line.says_something().then_some((*scope, line))
    });
    Ok(found.collect())
}

/// What these limits say of a single model.
fn line_of_model(limit: &Limit, model: &str) -> Option<BudgetLine> {
    let mut by_model = model_limits::read(|name| limit.model_limits.0.get(name)).ok()?;
    let own = by_model.remove(model)?;
    Some(BudgetLine { max: own.max_budget, soft: None, span: own.span, anchor: limit.budget_anchor_at })
}

fn line(limit: &Limit) -> BudgetLine {
    BudgetLine {
        max: limit.max_budget.map(NanoUsd),
        soft: limit.soft_budget.map(NanoUsd),
        span: limit.budget_duration.as_deref().and_then(|text| Span::parse(text).ok()),
        anchor: limit.budget_anchor_at,
    }
}

impl BudgetLine {
    /// As limits of the database are filled up from configured ones.
    fn filled_from(mut self, configured: Option<&Self>) -> Self {
        let Some(configured) = configured else { return self };
        if self.span.is_none() {
            (self.span, self.anchor) = (configured.span, configured.anchor);
        }
        self.max = self.max.or(configured.max);
        self.soft = self.soft.or(configured.soft);
        self
    }

    const fn says_something(&self) -> bool {
        self.max.is_some() || self.soft.is_some()
    }
}

impl ConfiguredBudgets {
    fn line(&self, (kind, id): Scope<'_>) -> Option<&BudgetLine> {
        match kind {
            "customer" => self.customer.as_ref(),
            "tag" => self.tags.get(id),
            _ => None,
        }
    }
}

/// Whose a scope is.
#[derive(Clone, Debug, Default)]
struct Owner {
    organization_id: Option<String>,
    team_id: Option<String>,
    user_id: Option<String>,
    /// The organization whose calendar its windows may follow.
    zone_of: Option<String>,
}

/// Whose the scopes are that these calls are charged to.
fn owners<'e>(events: impl Iterator<Item = &'e SpendEvent>) -> HashMap<(String, String), Owner> {
    let mut owners = HashMap::new();
    for event in events {
        for charge in &event.charges {
            let scope = (charge.kind.to_string(), charge.id.to_string());
            let zone_of = event.organization_id.as_deref().map(str::to_owned);
            owners.entry(scope).or_insert_with(|| Owner { zone_of, ..owner(event, &charge.kind, &charge.id) });
        }
    }
    owners
}

fn owner(event: &SpendEvent, kind: &str, id: &str) -> Owner {
    let text = |value: &Option<std::sync::Arc<str>>| value.as_deref().map(str::to_owned);
    let (organization_id, team_id) = (text(&event.organization_id), text(&event.team_id));
    if let Some(kind) = entity_of(kind) {
        // The id is of more than the entity; the call says whose it is.
        let id = event.user_id.as_deref().unwrap_or_default();
        let of_entity = if kind.ends_with("_member") { format!("/{id}") } else { id.to_owned() };
        return owner(event, kind, &of_entity);
    }
    match kind {
        "key" => Owner { organization_id, team_id, user_id: text(&event.user_id), zone_of: None },
        "team_member" => Owner { organization_id, team_id, user_id: of_member(id), zone_of: None },
        "organization_member" => Owner { organization_id, user_id: of_member(id), ..Owner::default() },
        "team" => Owner { organization_id, team_id, ..Owner::default() },
        "organization" => Owner { organization_id, ..Owner::default() },
        "user" => Owner { user_id: Some(id.to_owned()), ..Owner::default() },
        _ => Owner::default(),
    }
}

/// The user of a membership.
fn of_member(id: &str) -> Option<String> {
    id.split_once('/').map(|(_, user_id)| user_id.to_owned())
}

/// A budget that came to a point.
struct Reached<'a> {
    one: &'a Touched,
    line: &'a BudgetLine,
    spent: NanoUsd,
    owner: Owner,
    zone: Tz,
    /// The gateway's.
    fallback_zone: Tz,
    now: DateTime<Utc>,
}

impl Reached<'_> {
    fn alert(&self, point: Point) -> Option<NewAlert> {
        let window = self.window();
        let budget = BudgetState {
            spent: self.spent.0,
            max_budget: self.line.max.map(|max| max.0),
            window_start: DateTime::from_timestamp_micros(self.one.window.window_start)
                .filter(|_| self.one.window.window_start != 0),
            window_end: window.map(|window| window.end),
        };
        let (max, start) = (self.line.max.unwrap_or_default().0, self.one.window.window_start);
        let (level, what, of) = match point {
            Point::Spent => (AlertLevel::High, Happened::BudgetCrossed { budget }, spent_key(start, max)),
            Point::Percent(percent) => {
                let level = if percent >= 80 { AlertLevel::Medium } else { AlertLevel::Low };
                (level, Happened::ThresholdCrossed { percent, budget }, format!("{start}/{max}/{percent}"))
            }
            Point::Soft => {
                let soft_budget = self.line.soft.unwrap_or_default().0;
                let what = Happened::SoftBudgetCrossed { budget, soft_budget };
                (AlertLevel::Medium, what, format!("{start}/{soft_budget}/soft"))
            }
            Point::Tenth => {
                let window = window?;
                let found = projected(self.spent, NanoUsd(max), (window.start, window.end), self.now);
                let (NanoUsd(projected), exceeded_at) = found?;
                let what = Happened::ProjectedLimitExceeded { budget, projected, exceeded_at };
                (AlertLevel::Medium, what, format!("{start}/{max}/projected"))
            }
        };
        let scope = (self.one.window.scope_kind.as_str(), self.one.window.scope_id.as_str());
        Some(told(scope, self.owner.clone(), &of, self.now, (level, what)))
    }

    /// The window that is spent in; `None`: it never ends, or is of another length by now.
    fn window(&self) -> Option<BudgetWindow> {
        let start = self.one.window.window_start;
        let within = DateTime::from_timestamp_micros(start).filter(|_| start != 0)?;
        let of = |zone: Tz| Some(BudgetWindow::bounds(self.line.span?, within, self.line.anchor, zone));
        [self.zone, self.fallback_zone]
            .into_iter()
            .filter_map(of)
            .find(|window: &BudgetWindow| window.start.timestamp_micros() == start)
    }
}
