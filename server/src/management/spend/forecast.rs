//! `GET /spend/forecast`.

use std::collections::HashMap;
use std::slice;

use actix_web::web;
use chrono::{Days as DayCount, Months, NaiveDate};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::limit::LimitView;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::paths;
use tollgate_openapi::spend::{ForecastDay, ForecastQuery, Month, MonthForecast, SpendForecast, UsageQuery};

use super::usage::filters;
use crate::app::App;
use crate::auth::Principal;
use crate::db::daily_entity_spend::Days;
use crate::db::monthly_spend::{days_of, month_of};
use crate::db::spend_adjustment::When;
use crate::db::usage::{self, Of};
use crate::db::{Scope, Sight, spend_adjustment};
use crate::domain::forecast::{CONFIDENCE, HISTORY_DAYS, History};
use crate::domain::permission::Action;
use crate::domain::window::Span;
use crate::error::ApiResult;
use crate::management::{Query, limit};
use crate::policy::GATEWAY;

/// Forecast this month's spend
///
/// Of the calls that the caller may see: what the month has cost so far and will have cost when it ends, with the range
/// in which 80 of 100 months are meant to end, against the month before and the monthly budget. Days are UTC.
#[utoipa::path(
    get,
    path = paths::SPEND_FORECAST,
    operation_id = "spend_forecast",
    tag = "spend",
    params(ForecastQuery),
    responses(
        (status = 200, description = "The forecast", body = SpendForecast),
        (status = 403, description = "A virtual key asks", body = ErrorEnvelope),
    ),
)]
pub async fn forecast(
    app: web::Data<App>,
    principal: Principal,
    query: Query<ForecastQuery>,
) -> ApiResult<web::Json<SpendForecast>> {
    principal.authorize_list(Action::SpendRead)?;
    let query = query.0;
    let today = app.clock.now().date_naive();
    let scope = principal.scope();
    let token = app.ledger_token_of(query.api_key.as_deref()).await?;
    let budget = budget(&app, &scope, &query).await?;
    let asked = asked(query);
    let of = Of { scope: &scope, filters: filters(&asked, token.as_deref()) };
    let known = Known::read(&app, &of, today).await?;
    let (_, corrections) = spend_adjustment::sum(&app.db, &of, When::corrects(month_of(today))).await?;
    Ok(web::Json(SpendForecast { corrections_spend: NanoUsd(corrections), ..known.view(budget) }))
}

/// The same question to `/spend/usage`.
fn asked(query: ForecastQuery) -> UsageQuery {
    let ForecastQuery { organization_id, team_id, user_id, api_key, cost_center } = query;
    UsageQuery { organization_id, team_id, user_id, api_key, cost_center, ..UsageQuery::default() }
}

/// What was spent by day, and when today is.
struct Known {
    today: NaiveDate,
    by_day: HashMap<NaiveDate, NanoUsd>,
}

impl Known {
    async fn read(app: &App, of: &Of<'_>, today: NaiveDate) -> ApiResult<Self> {
        let first = previous(month_of(today)).min(today - DayCount::new(HISTORY_DAYS));
        let by_day = usage::by_day(&app.db, of, Days { first, last: today }).await?;
        Ok(Self { today, by_day: by_day.into_iter().map(|(day, sums)| (day, NanoUsd(sums.spend))).collect() })
    }

    fn spent(&self, day: NaiveDate) -> NanoUsd {
        self.by_day.get(&day).copied().unwrap_or_default()
    }

    fn view(&self, budget: MonthlyBudget) -> SpendForecast {
        let month = days_of(month_of(self.today));
        let before = days_of(previous(month.first));
        let history = self.history();
        let rest: Vec<NaiveDate> = month.iter().filter(|day| *day >= self.today).collect();
        let expected = history.as_ref().map(|history| self.expected(history, &rest)).unwrap_or_default();
        let elapsed = self.today - month.first;
        let days: Vec<ForecastDay> = month
            .iter()
            .map(|date| ForecastDay {
                date,
                spend: (date <= self.today).then(|| self.spent(date)),
                expected: expected.get(&date).copied(),
                previous: Some(before.first + (date - month.first))
                    .filter(|day| *day <= before.last)
                    .map(|day| self.spent(day)),
            })
            .collect();
        SpendForecast {
            month: Month::of(self.today),
            today: self.today,
            spend: month.iter().map(|day| self.spent(day)).sum(),
            corrections_spend: NanoUsd::ZERO,
            forecast: history.map(|history| self.month(&history, &rest)),
            previous_spend: before.iter().map(|day| self.spent(day)).sum(),
            previous_spend_to_date: before
                .iter()
                .filter(|day| *day - before.first <= elapsed)
                .map(|day| self.spent(day))
                .sum(),
            exhausted_on: budget.max.and_then(|max| exhausted_on(self.today, &days, max, budget.spent)),
            max_budget: budget.max,
            budget_spend: budget.max.or(budget.soft).map(|_| budget.spent),
            soft_budget: budget.soft,
            days,
        }
    }

    /// The days that are over.
    fn history(&self) -> Option<History> {
        let days = (1..=HISTORY_DAYS).rev().filter_map(|back| self.today.checked_sub_days(DayCount::new(back)));
        History::of(&days.map(|day| (day, self.spent(day).to_usd())).collect::<Vec<_>>())
    }

    /// What each of the days will cost; today not less than it has.
    fn expected(&self, history: &History, rest: &[NaiveDate]) -> HashMap<NaiveDate, NanoUsd> {
        let said = history.by_day(rest).into_iter().map(to_money);
        rest.iter().zip(said).map(|(day, expected)| (*day, expected.max(self.spent(*day)))).collect()
    }

    fn month(&self, history: &History, rest: &[NaiveDate]) -> MonthForecast {
        let over: NanoUsd =
            days_of(month_of(self.today)).iter().filter(|day| *day < self.today).map(|day| self.spent(day)).sum();
        let spent = over + self.spent(self.today);
        let sum: NanoUsd = self.expected(history, rest).into_values().sum();
        let said = history.forecast(rest.iter().copied());
        let [low, high] = [said.low, said.high].map(|rest| over + to_money(rest));
        let spend = over + sum;
        MonthForecast { spend, low: low.max(spent).min(spend), high: high.max(spend), confidence: CONFIDENCE }
    }
}

fn to_money(usd: f64) -> NanoUsd {
    NanoUsd::from_usd(usd).unwrap_or_default()
}

fn previous(month: NaiveDate) -> NaiveDate {
    month.checked_sub_months(Months::new(1)).unwrap_or(month)
}

/// A budget by the month, and how it stands in its own window: that may follow another calendar than UTC's.
#[derive(Clone, Copy, Debug, Default)]
struct MonthlyBudget {
    max: Option<NanoUsd>,
    soft: Option<NanoUsd>,
    spent: NanoUsd,
}

/// Today where the limit is reached; else the day on which what is expected will reach it.
fn exhausted_on(today: NaiveDate, days: &[ForecastDay], max: NanoUsd, spent: NanoUsd) -> Option<NaiveDate> {
    if spent >= max {
        return Some(today);
    }
    let mut sum = spent;
    let reaches = |day: &&ForecastDay| {
        sum += day.expected.unwrap_or_default() - day.spend.unwrap_or_default();
        sum >= max
    };
    days.iter().filter(|day| day.date >= today).find(reaches).map(|day| day.date)
}

/// The budget by the month of what is asked about, where the caller may see it.
async fn budget(app: &App, scope: &Scope, query: &ForecastQuery) -> ApiResult<MonthlyBudget> {
    let named = [&query.organization_id, &query.team_id, &query.user_id, &query.api_key, &query.cost_center];
    let (kind, id) = match named.map(Option::as_deref) {
        [None, None, None, None, None] if *scope == Scope::All => (limit::GATEWAY, GATEWAY),
        [Some(id), None, None, None, None] if sees(scope, |sight| sight.organizations.iter().any(|own| own == id)) => {
            (limit::ORGANIZATION, id)
        }
        [None, Some(id), None, None, None] if sees(scope, |sight| sight.teams.iter().any(|own| own == id)) => {
            (limit::TEAM, id)
        }
        [None, None, Some(id), None, None] if sees(scope, |sight| sight.user_id == id) => (limit::USER, id),
        _ => return Ok(MonthlyBudget::default()),
    };
    let mut limited = limit::limited_views(app, &app.db, kind, slice::from_ref(&id.to_owned())).await?;
    let standing = limited.remove(id).map(|limited| limited.standing).unwrap_or_default();
    let in_force = standing.litellm_budget_table.map(|in_force| in_force.limits).filter(is_monthly);
    Ok(in_force.map_or_else(MonthlyBudget::default, |limits| MonthlyBudget {
        max: limits.max_budget,
        soft: limits.soft_budget,
        spent: standing.spend,
    }))
}

fn sees(scope: &Scope, person: impl Fn(&Sight) -> bool) -> bool {
    match scope {
        Scope::All => true,
        Scope::Person(sight) => person(sight),
        Scope::Key(_) => false,
    }
}

/// What is not limited by the month cannot be compared with one.
fn is_monthly(limits: &LimitView) -> bool {
    limits.budget_duration.as_deref().and_then(|text| Span::parse(text).ok()).is_some_and(Span::is_calendar_month)
}
