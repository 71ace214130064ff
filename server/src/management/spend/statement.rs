//! `GET /spend/statement`.

use actix_web::web;
use chrono::NaiveDate;
use sea_orm::ConnectionTrait;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::paths;
use tollgate_openapi::spend::{AdjustmentView, Month, Statement, StatementLine, StatementQuery};

use super::adjustment;
use super::month::state_of;
use super::usage::shown;
use crate::app::App;
use crate::auth::Principal;
use crate::db::monthly_spend::{self, Figures, Line, month_of};
use crate::db::spend_adjustment::{self, When};
use crate::db::usage::{Dimension, Of};
use crate::db::{self, Scope, closed_month};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Query;
use crate::management::extract::problem;
use crate::policy::{MASTER_ALIAS, MASTER_TOKEN};

/// Lines of a section, and entries.
const LINES_SHOWN: u64 = 500;
const ADJUSTMENTS_SHOWN: u64 = 200;

/// A month's statement
///
/// What the calls of a month cost that the caller may see, what people booked to it, and what was booked in it to earlier
/// months that were closed: of the whole gateway, or of an organization, a team or a cost centre. The figures of a closed month never change.
/// Months are UTC.
#[utoipa::path(
    get,
    path = paths::SPEND_STATEMENT,
    operation_id = "spend_statement",
    tag = "spend",
    params(StatementQuery),
    responses(
        (status = 200, description = "The statement", body = Statement),
        (status = 403, description = "A virtual key asks", body = ErrorEnvelope),
    ),
)]
pub async fn statement(
    app: web::Data<App>,
    principal: Principal,
    query: Query<StatementQuery>,
) -> ApiResult<web::Json<Statement>> {
    principal.authorize_list(Action::SpendRead)?;
    Ok(web::Json(of_month(&app, &principal.scope(), &query.0).await?))
}

/// The statement of the calls in this scope.
pub(in crate::management) async fn of_month(app: &App, scope: &Scope, query: &StatementQuery) -> ApiResult<Statement> {
    let current = Month::of(app.clock.now().date_naive());
    let month = query.month.unwrap_or(current);
    if month > current {
        let message = format!("expected {current} or an earlier month");
        return Err(ApiError::validation(vec![problem("value_error", &["query", "month"], message)]));
    }
    let of = Of { scope, filters: filters(query) };
    // One snapshot: what a page tells adds up.
    let snapshot = db::begin_snapshot(&app.db).await?;
    let statement = read(&snapshot, &of, month, current).await?;
    snapshot.rollback().await?;
    let closed_by = statement.closed_by.clone().filter(|_| *scope == Scope::All);
    Ok(Statement { title: title(query, &statement), closed_by, ..statement })
}

async fn read(db: &impl ConnectionTrait, of: &Of<'_>, month: Month, current: Month) -> ApiResult<Statement> {
    let first = month.first_day();
    let closed = closed_month::find(db, first).await?;
    let figures = figures_of(first, closed.is_some());
    let [cost_centers, organizations, teams, users, keys, models, providers] = sections(db, of, figures).await?;
    let usage = shown(monthly_spend::total(db, of, figures).await?);
    let [own, earlier] = [When::corrects(first), When::Before(first)];
    let (corrections_count, corrected) = spend_adjustment::sum(db, of, own).await?;
    let (adjustments_count, adjusted) = spend_adjustment::sum(db, of, earlier).await?;
    let (later_adjustments_count, later) = spend_adjustment::sum(db, of, When::After(first)).await?;
    let corrections = spend_adjustment::list(db, of, own, ADJUSTMENTS_SHOWN).await?;
    let adjustments = spend_adjustment::list(db, of, earlier, ADJUSTMENTS_SHOWN).await?;
    let views = |rows: Vec<_>| rows.into_iter().map(|row| adjustment::view(row, of.scope)).collect();
    Ok(Statement {
        month,
        state: state_of(first, current.first_day(), closed.is_some()),
        closed_at: closed.as_ref().map(|row| row.closed_at),
        closed_by: closed.and_then(|row| row.closed_by),
        title: None,
        previous_spend: previous_spend(db, of, first).await?,
        corrections_spend: NanoUsd(corrected),
        corrections_count,
        corrections: views(corrections),
        adjustments_spend: NanoUsd(adjusted),
        adjustments_count,
        adjustments: views(adjustments),
        due: usage.spend + NanoUsd(corrected) + NanoUsd(adjusted),
        usage,
        later_adjustments_spend: NanoUsd(later),
        later_adjustments_count,
        cost_centers,
        organizations,
        teams,
        users,
        keys,
        models,
        providers,
    })
}

fn filters(query: &StatementQuery) -> Vec<(Dimension, &str)> {
    let all = [
        (Dimension::Organization, query.organization_id.as_deref()),
        (Dimension::Team, query.team_id.as_deref()),
        (Dimension::CostCenter, query.cost_center.as_deref()),
    ];
    all.into_iter().filter_map(|(dimension, value)| Some((dimension, value?))).collect()
}

const fn figures_of(month: NaiveDate, is_closed: bool) -> Figures {
    if is_closed { Figures::Frozen(month) } else { Figures::Current(month) }
}

async fn previous_spend(db: &impl ConnectionTrait, of: &Of<'_>, month: NaiveDate) -> ApiResult<NanoUsd> {
    let before = month.pred_opt().map_or(month, month_of);
    let is_closed = closed_month::find(db, before).await?.is_some();
    let sums = monthly_spend::total(db, of, figures_of(before, is_closed)).await?;
    Ok(NanoUsd(sums.spend))
}

/// Whose statement it is, by what is on it: who sees nothing of somebody learns no name.
fn title(query: &StatementQuery, statement: &Statement) -> Option<String> {
    let entries = || statement.corrections.iter().chain(&statement.adjustments);
    let named = |id: &Option<String>, lines: &[StatementLine], of: fn(&AdjustmentView) -> &String| {
        let id = id.as_ref()?;
        match lines.iter().find(|line| line.id == *id) {
            Some(line) => Some(line.name.clone().unwrap_or_else(|| line.id.clone())),
            None => entries().any(|entry| of(entry) == id).then(|| id.clone()),
        }
    };
    let parts = [
        named(&query.organization_id, &statement.organizations, |entry| &entry.organization_id),
        named(&query.team_id, &statement.teams, |entry| &entry.team_id),
        named(&query.cost_center, &statement.cost_centers, |entry| &entry.cost_center),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

/// Lines by each dimension.
async fn sections(db: &impl ConnectionTrait, of: &Of<'_>, figures: Figures) -> ApiResult<[Vec<StatementLine>; 7]> {
    let dimensions = [
        Dimension::CostCenter,
        Dimension::Organization,
        Dimension::Team,
        Dimension::User,
        Dimension::Key,
        Dimension::Model,
        Dimension::Provider,
    ];
    let mut sections: [Vec<StatementLine>; 7] = Default::default();
    for (section, by) in sections.iter_mut().zip(dimensions) {
        let lines = monthly_spend::lines(db, of, figures, by, LINES_SHOWN).await?;
        *section = lines.into_iter().map(line).collect();
    }
    Ok(sections)
}

fn line(line: Line) -> StatementLine {
    let name = if line.id == MASTER_TOKEN { MASTER_ALIAS.to_owned() } else { line.name };
    StatementLine { id: line.id, name: Some(name).filter(|name| !name.is_empty()), sums: shown(line.sums) }
}
