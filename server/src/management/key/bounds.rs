//! What a key may be given, by whom, and where one may be made: `GET /key/bounds`, and the checks of every new and
//! changed key.
//!
//! The gateway's own bounds (`upperbound_key_generate_params`) hold for everybody. Whoever does not administer the
//! gateway is also held to what the team and the organization of the key say (`key_generation_settings`), and grants no
//! more than the team and the organization have themselves, or, to a key of one's own, than one has. Where nothing says
//! how much a field of a key that exists may be, they do not raise it: else a limit that was set for somebody would be
//! theirs to lift. Whoever administers the key's team or organization may raise what these leave open.

use actix_web::web;
use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;
use tollgate_openapi::key::{KeyBound, KeyBounds, KeyBoundsQuery, KeyCreate, KeyPatch};
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::paths;

use super::place::{self, Place};
use crate::app::App;
use crate::auth::Principal;
use crate::db::key::Model;
use crate::db::{self, JsonMap, Strings};
use crate::domain::key_bounds::{Bounds, Excess, Granted};
use crate::domain::permission::Action;
use crate::domain::window::Span;
use crate::error::{ApiError, ApiResult};
use crate::management::Query;
use crate::management::limit::{self, Kind};

/// The field of a team and of an organization.
pub(super) const SETTINGS: &str = "key_generation_settings";
/// Fields of which a key names the models itself: narrowed by others, never widened by its owner.
const BY_MODEL: [&str; 4] = ["budget_id", "model_max_budget", "model_rpm_limit", "model_tpm_limit"];

/// Bounds that hold for a key.
#[derive(Debug)]
pub(super) struct Level {
    /// What says so, for a person.
    whose: String,
    bounds: Bounds,
    /// A key must set what is bounded; if not, something else holds for it then.
    must_be_set: bool,
}

/// What a key may be given
///
/// By the caller: who says how much, before anything is refused.
#[utoipa::path(
    get,
    path = paths::KEY_BOUNDS,
    operation_id = "key_bounds",
    tag = "key",
    params(KeyBoundsQuery),
    responses(
        (status = 200, description = "The bounds", body = KeyBounds),
    ),
)]
pub async fn bounds(
    app: web::Data<App>,
    principal: Principal,
    query: Query<KeyBoundsQuery>,
) -> ApiResult<web::Json<KeyBounds>> {
    principal.authorize_list(Action::KeyRead)?;
    let user_id = Some(principal.user_id.clone()).filter(|_| !principal.is_admin());
    let body = KeyCreate { team_id: query.0.team_id, user_id, ..KeyCreate::default() };
    let refusal = match place::authorize(&app, &app.db, &principal, &body).await {
        Ok(()) => None,
        Err(refusal) if refusal.status().is_client_error() => Some(refusal.message().into_owned()),
        Err(refusal) => return Err(refusal),
    };
    if refusal.is_some() {
        return Ok(web::Json(KeyBounds { refusal, ..KeyBounds::default() }));
    }
    let place = Place::of(&body.user_id, &body.team_id, &body.organization_id);
    let required_params = place::required(&app, &app.db, &principal, place).await?;
    let levels = levels(&app, &app.db, &principal, place).await?;
    let bounds = levels.iter().flat_map(|level| {
        Bounds::FIELDS.into_iter().filter_map(|field| {
            let (expected, whose) = (level.bounds.expected(field)?, level.whose.clone());
            Some(KeyBound { field: field.to_owned(), expected, whose, must_be_set: level.must_be_set })
        })
    });
    let bounds = bounds.collect();
    Ok(web::Json(KeyBounds { may_create: true, refusal: None, required_params, bounds }))
}

/// The bounds of a key that belongs there, for this caller.
pub(super) async fn levels(
    app: &App,
    db: &impl ConnectionTrait,
    principal: &Principal,
    place: Place<'_>,
) -> ApiResult<Vec<Level>> {
    let mut levels = vec![Level {
        whose: "upperbound_key_generate_params of the gateway".to_owned(),
        bounds: app.settings.config().litellm.keys.upperbound.clone(),
        must_be_set: true,
    }];
    if principal.is_admin() {
        return Ok(levels);
    }
    let team = match place.team_id {
        Some(id) => db::team::find(db, id).await?,
        None => None,
    };
    if let Some(team) = &team {
        levels.push(set_by(&team.other, format!("{SETTINGS} of the team {}", team.team_id)));
        let bounds = held(app, db, limit::TEAM, &team.team_id, &team.models).await?;
        levels.push(Level { whose: format!("what the team {} has", team.team_id), bounds, must_be_set: false });
    }
    let of_team = team.as_ref().and_then(|team| team.organization_id.as_deref());
    let organization = match place.organization_id.or(of_team) {
        Some(id) => db::organization::find(db, id).await?,
        None => None,
    };
    if let Some(organization) = organization {
        let id = &organization.organization_id;
        levels.push(set_by(&organization.other, format!("{SETTINGS} of the organization {id}")));
        let bounds = held(app, db, limit::ORGANIZATION, id, &organization.models).await?;
        levels.push(Level { whose: format!("what the organization {id} has"), bounds, must_be_set: false });
    }
    let owner = place.user_id.filter(|_| team.is_none());
    if let Some(id) = owner {
        let models = db::user::find(db, id).await?.map(|user| user.models).unwrap_or_default();
        let bounds = held(app, db, limit::USER, id, &models).await?;
        levels.push(Level { whose: format!("what the user {id} has"), bounds, must_be_set: false });
    }
    Ok(levels)
}

/// The settings of a team or an organization. What is wrong was refused when it was set; what slipped in bounds nothing.
fn set_by(other: &JsonMap, whose: String) -> Level {
    let members = other.0.get(SETTINGS).and_then(|settings| settings.as_object());
    let bounds = members.and_then(|members| Bounds::read(members).ok()).unwrap_or_default();
    Level { whose, bounds, must_be_set: true }
}

/// What a scope has itself.
async fn held(app: &App, db: &impl ConnectionTrait, kind: Kind, id: &str, models: &Strings) -> ApiResult<Bounds> {
    let own = limit::own(app, db, kind, id).await?;
    let budget = match own.budget_id.as_deref() {
        Some(budget_id) => db::budget::find(db, budget_id).await?,
        None => None,
    };
    let own = match &budget {
        Some(budget) => own.filled_from(budget),
        None => own,
    };
    Ok(Bounds {
        max_budget: own.max_budget.map(NanoUsd),
        budget_duration: span(own.budget_duration.as_deref()),
        duration: None,
        max_parallel_requests: own.max_parallel_requests,
        rpm_limit: own.rpm_limit,
        tpm_limit: own.tpm_limit,
        models: models.0.clone(),
    })
}

fn span(text: Option<&str>) -> Option<Span> {
    text.and_then(|text| Span::parse(text).ok())
}

/// A new key that says nothing of a bounded field gets the bound.
pub(super) fn fill(body: &mut KeyCreate, levels: &[Level]) {
    let all = || levels.iter().filter(|level| level.must_be_set).map(|level| &level.bounds);
    let shortest = |of: fn(&Bounds) -> Option<Span>| all().filter_map(of).min_by_key(|span| span.length());
    let least = |of: fn(&Bounds) -> Option<i64>| all().filter_map(of).min();
    if body.max_budget.is_none()
        && let Some(tightest) = all().filter(|bounds| bounds.max_budget.is_some()).min_by_key(|one| one.max_budget)
    {
        body.max_budget = tightest.max_budget;
        let window = tightest.budget_duration.map(|span| span.to_string());
        body.budget_duration = body.budget_duration.take().or(window);
    }
    if body.budget_duration.is_none() {
        body.budget_duration = shortest(|bounds| bounds.budget_duration).map(|span| span.to_string());
    }
    if body.duration.is_none() {
        body.duration = shortest(|bounds| bounds.duration).map(|span| span.to_string());
    }
    body.max_parallel_requests = body.max_parallel_requests.or_else(|| least(|bounds| bounds.max_parallel_requests));
    body.rpm_limit = body.rpm_limit.or_else(|| least(|bounds| bounds.rpm_limit));
    body.tpm_limit = body.tpm_limit.or_else(|| least(|bounds| bounds.tpm_limit));
    if body.models.is_empty() {
        // The nearest, which is the last but for what holds anyway.
        body.models = all().rfind(|one| !one.models.is_empty()).map(|one| one.models.clone()).unwrap_or_default();
    }
}

/// Goes on where a new key is within all bounds.
pub(super) fn check_new(key: &Model, levels: &[Level], now: DateTime<Utc>) -> ApiResult<()> {
    let granted = granted(key, now);
    for level in levels {
        level.bounds.check(&granted, level.must_be_set, |_| true).map_err(|excess| refuse(&excess, &level.whose))?;
    }
    Ok(())
}

/// Goes on where what a change asks for is within all bounds; what it leaves alone may be beyond them. `is_administered`:
/// by somebody who does more than own the key.
pub(super) fn check_change(
    is_administered: bool,
    before: &Model,
    after: &Model,
    levels: &[Level],
    now: DateTime<Utc>,
) -> ApiResult<()> {
    let (was, will_be) = (granted(before, now), granted(after, now));
    let is_asked = |field: &str| match field {
        "max_budget" => {
            before.max_budget != after.max_budget || before.temp_budget_increase != after.temp_budget_increase
        }
        "budget_duration" => before.budget_duration != after.budget_duration,
        "duration" => before.expires_at != after.expires_at,
        "max_parallel_requests" => before.max_parallel_requests != after.max_parallel_requests,
        "rpm_limit" => before.rpm_limit != after.rpm_limit,
        "tpm_limit" => before.tpm_limit != after.tpm_limit,
        _ => before.models != after.models,
    };
    for level in levels {
        level.bounds.check(&will_be, level.must_be_set, is_asked).map_err(|excess| refuse(&excess, &level.whose))?;
    }
    if is_administered {
        return Ok(());
    }
    if let Some(field) = BY_MODEL.into_iter().find(|field| before.other.0.get(*field) != after.other.0.get(*field)) {
        let message = format!("{field}: only an administrator changes it on a key that exists.");
        return Err(ApiError::forbidden(message).with_param(field));
    }
    let whose = "what the key has now: nothing says how much more its owner may give it";
    let present = present(before, &was, levels);
    present.check(&will_be, true, is_asked).map_err(|excess| refuse(&excess, whose))?;
    let is_bounded = levels.iter().any(|level| level.bounds.duration.is_some());
    let is_longer = before.expires_at.is_some_and(|end| after.expires_at.is_none_or(|later| later > end));
    if is_longer && !is_bounded {
        let expected = "a time before the key ends now".to_owned();
        return Err(refuse(&Excess { field: "duration", expected }, whose));
    }
    Ok(())
}

/// What a key has where nothing else bounds it.
fn present(key: &Model, was: &Granted<'_>, levels: &[Level]) -> Bounds {
    let is_bounded = |of: fn(&Bounds) -> bool| levels.iter().any(|level| of(&level.bounds));
    let has_budget = is_bounded(|bounds| bounds.max_budget.is_some());
    let count = |own: Option<i64>, is_bounded: bool| own.filter(|_| !is_bounded);
    let is_listed = is_bounded(|bounds| !bounds.models.is_empty());
    Bounds {
        max_budget: was.max_budget.filter(|_| !has_budget),
        budget_duration: was.budget_duration.filter(|_| !has_budget),
        duration: None,
        max_parallel_requests: count(
            was.max_parallel_requests,
            is_bounded(|bounds| bounds.max_parallel_requests.is_some()),
        ),
        rpm_limit: count(was.rpm_limit, is_bounded(|bounds| bounds.rpm_limit.is_some())),
        tpm_limit: count(was.tpm_limit, is_bounded(|bounds| bounds.tpm_limit.is_some())),
        models: if is_listed { Vec::new() } else { key.models.0.clone() },
    }
}

fn granted(key: &Model, now: DateTime<Utc>) -> Granted<'_> {
    let raise = key.temp_budget_increase.unwrap_or_default();
    Granted {
        max_budget: key.max_budget.map(|max| NanoUsd(max.saturating_add(raise))),
        budget_duration: span(key.budget_duration.as_deref()),
        seconds_left: key.expires_at.map(|end| (end - now).num_seconds()),
        max_parallel_requests: key.max_parallel_requests,
        rpm_limit: key.rpm_limit,
        tpm_limit: key.tpm_limit,
        models: &key.models.0,
    }
}

fn refuse(excess: &Excess, whose: &str) -> ApiError {
    ApiError::bad_request(excess.field, format!("{}: expected {}, as {whose}.", excess.field, excess.expected))
}

/// Whether a change may touch a bound at all: others need not look any up.
pub(super) fn touches(body: &KeyPatch) -> bool {
    !(body.max_budget.is_absent()
        && body.budget_duration.is_absent()
        && body.duration.is_absent()
        && body.max_parallel_requests.is_absent()
        && body.rpm_limit.is_absent()
        && body.tpm_limit.is_absent()
        && body.models.is_absent()
        && body.temp_budget_increase.is_absent()
        && body.temp_budget_expiry.is_absent()
        && !BY_MODEL.iter().any(|field| body.other.contains_key(*field)))
}
