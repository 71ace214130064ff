//! Reports of spend: a period that is over, told once as an alert of the gateway.

pub(super) mod models;

use std::cmp::Reverse;
use std::collections::HashMap;

use chrono::{DateTime, Days as DayCount, NaiveDate, TimeDelta, Utc};
use sea_orm::DbErr;
use tollgate_openapi::alert::{AlertLevel, AlertType};
use tollgate_openapi::money::NanoUsd;

use super::Alerts;
use super::message::Words;
use super::words::dollars;
use crate::db::daily_entity_spend::Days;
use crate::db::monthly_spend::{days_of, month_of};
use crate::db::usage::{self, Dimension, Of, Sums};
use crate::db::{self, Scope};
use crate::domain::alert::{Happened, NewAlert};
use crate::domain::forecast::{HISTORY_DAYS, History};
use crate::domain::report::{Ranked, Ranking, ReportPeriod, SpendReport, change, period_in_words};

/// A period is reported so long after it is over: calls that ended with it are in the ledger by then.
const AFTER: TimeDelta = TimeDelta::hours(1);
/// A period that was over longer ago is not reported any more: a gateway that is new has no news of last month.
const UNTIL: TimeDelta = TimeDelta::days(3);
/// Lines of a kind, and changes.
const TOP: usize = 5;
const MOVERS: usize = 3;
/// Of each kind this many are looked at for changes.
const LOOKED_AT: u64 = 100;
const KINDS: [(&str, Dimension); 4] =
    [("teams", Dimension::Team), ("users", Dimension::User), ("keys", Dimension::Key), ("models", Dimension::Model)];

impl Alerts {
    /// Raises the reports that are due and were not raised before; those of periods without any calls never are.
    pub(super) async fn report(&self, now: DateTime<Utc>) -> Result<(), DbErr> {
        let settings = self.settings.load();
        for period in [ReportPeriod::Month, settings.report_every] {
            let (first, last) = period.before(now.date_naive());
            let over = last.succ_opt().unwrap_or(last).and_time(chrono::NaiveTime::MIN).and_utc();
            let key = format!("spend_reports/{}/{first}", period.name());
            let is_due = (over + AFTER..over + UNTIL).contains(&now);
            if !is_due || db::alert::is_known(&self.db, &key).await? {
                continue;
            }
            let report = self.spend_report(period, Days { first, last }, now.date_naive()).await?;
            if report.api_requests > 0 {
                db::alert::raise(&self.db, vec![alert(report, key, now)]).await?;
            }
        }
        Ok(())
    }

    async fn spend_report(&self, period: ReportPeriod, days: Days, today: NaiveDate) -> Result<SpendReport, DbErr> {
        let of = Of { scope: &Scope::All, filters: Vec::new() };
        let before = {
            let (first, last) = period.before(days.first);
            Days { first, last }
        };
        let sum =
            |by_day: Vec<(NaiveDate, Sums)>| by_day.into_iter().fold(Sums::default(), |sum, (_, day)| sum.plus(day));
        let total = sum(usage::by_day(&self.db, &of, days).await?);
        let previous = sum(usage::by_day(&self.db, &of, before).await?);
        let (month_to_date, month_expected) = self.month(&of, today).await?;
        let (mut top, mut movers) = (Vec::new(), Vec::new());
        for (kind, dimension) in KINDS {
            let lines = self.ranked(&of, dimension, days, before).await?;
            movers.extend(lines.iter().filter(|line| line.spend != line.previous_spend).cloned());
            let dearest = lines.into_iter().filter(|line| line.spend > 0).take(TOP).collect();
            top.push(Ranking { kind: kind.to_owned(), lines: dearest });
        }
        movers.sort_by_key(|line| Reverse(line.spend.saturating_sub(line.previous_spend).saturating_abs()));
        movers.truncate(MOVERS);
        Ok(SpendReport {
            period,
            first_day: days.first,
            last_day: days.last,
            spend: total.spend,
            previous_spend: previous.spend,
            api_requests: total.api_requests,
            failed_requests: total.failed_requests,
            month_to_date,
            month_expected,
            top,
            movers,
        })
    }

    /// What the month has cost, and will have.
    async fn month(&self, of: &Of<'_>, today: NaiveDate) -> Result<(i64, Option<i64>), DbErr> {
        let first = today.checked_sub_days(DayCount::new(HISTORY_DAYS)).unwrap_or(today);
        let by_day: HashMap<NaiveDate, i64> = usage::by_day(&self.db, of, Days { first, last: today })
            .await?
            .into_iter()
            .map(|(day, sums)| (day, sums.spend))
            .collect();
        let spent = |day: NaiveDate| by_day.get(&day).copied().unwrap_or_default();
        let month = days_of(month_of(today));
        let past: Vec<(NaiveDate, f64)> = Days { first, last: today }
            .iter()
            .take_while(|day| *day < today)
            .map(|day| (day, NanoUsd(spent(day)).to_usd()))
            .collect();
        let to_date: i64 = month.iter().map(spent).sum();
        let over: i64 = month.iter().filter(|day| *day < today).map(spent).sum();
        let rest = History::of(&past).map(|history| history.forecast(month.iter().filter(|day| *day >= today)).sum);
        let expected =
            rest.and_then(|rest| NanoUsd::from_usd(rest).ok()).map(|rest| over.saturating_add(rest.0).max(to_date));
        Ok((to_date, expected))
    }

    /// Those that spent anything in either period, the dearest first.
    async fn ranked(&self, of: &Of<'_>, by: Dimension, days: Days, before: Days) -> Result<Vec<Ranked>, DbErr> {
        let now = usage::groups(&self.db, of, days, by, None, LOOKED_AT).await?;
        let then = usage::groups(&self.db, of, before, by, None, LOOKED_AT).await?;
        let mut previous: HashMap<String, i64> = then.into_iter().map(|(id, sums)| (id, sums.spend)).collect();
        let mut lines: Vec<(String, i64, i64)> = Vec::new();
        for (id, sums) in now {
            let before = previous.remove(&id).unwrap_or_default();
            lines.push((id, sums.spend, before));
        }
        lines.extend(previous.into_iter().map(|(id, before)| (id, 0, before)));
        lines.retain(|(id, ..)| !id.is_empty());
        let ids: Vec<String> = lines.iter().map(|(id, ..)| id.clone()).collect();
        let names = self.names_of(by, &ids).await?;
        let ranked = lines.into_iter().map(|(id, spend, previous_spend)| {
            let name = names.get(&id).cloned().unwrap_or_else(|| id.chars().take(NAME_CHARS).collect());
            Ranked { id, name, spend, previous_spend }
        });
        Ok(ranked.collect())
    }

    async fn names_of(&self, by: Dimension, ids: &[String]) -> Result<HashMap<String, String>, DbErr> {
        Ok(match by {
            Dimension::Team => {
                let teams = db::team::find_many(&self.db, ids).await?.into_iter();
                teams.filter_map(|team| Some((team.team_id, team.team_alias?))).collect()
            }
            Dimension::User => {
                let users = db::user::find_many(&self.db, ids).await?.into_iter();
                users.filter_map(|user| Some((user.user_id, user.user_email.or(user.user_alias)?))).collect()
            }
            Dimension::Key => {
                let keys = db::key::find_many(&self.db, ids).await?.into_iter();
                keys.map(|key| (key.token, key.key_alias.unwrap_or(key.key_name))).collect()
            }
            _ => HashMap::new(),
        })
    }
}

/// Characters of an id that stand for a name: a key's hash is longer.
const NAME_CHARS: usize = 40;

fn alert(report: SpendReport, key: String, now: DateTime<Utc>) -> NewAlert {
    let what = Happened::SpendReport(Box::new(report));
    NewAlert::of_gateway(AlertType::SpendReports, AlertLevel::Low, key, now, what)
}

/// A report in words.
pub(super) fn words(report: &SpendReport) -> Words {
    let title = format!(
        "Spend of {}: {}, {}",
        period_in_words(report.period, report.first_day, report.last_day),
        dollars(report.spend),
        change(report.spend, report.previous_spend, report.period.name())
    );
    let mut lines: Vec<String> = report
        .top
        .iter()
        .filter(|ranking| !ranking.lines.is_empty())
        .map(|ranking| format!("Top {}: {}", ranking.kind, listed(&ranking.lines, |line| dollars(line.spend))))
        .collect();
    if !report.movers.is_empty() {
        let changed = |line: &Ranked| format!("{} to {}", dollars(line.previous_spend), dollars(line.spend));
        lines.push(format!("Biggest changes: {}", listed(&report.movers, changed)));
    }
    let link = format!("/ui/usage?from={}&to={}", report.first_day, report.last_day);
    Words::new(title, lines.join("\n"))
        .fact("Spend", dollars(report.spend))
        .fact(&format!("The {} before", report.period.name()), dollars(report.previous_spend))
        .fact("Requests", report.api_requests.to_string())
        .fact("Failed", report.failed_requests.to_string())
        .fact("This month so far", dollars(report.month_to_date))
        .fact("Expected for the month", report.month_expected.map(dollars).unwrap_or_default())
        .link(link)
}

fn listed(lines: &[Ranked], amount: impl Fn(&Ranked) -> String) -> String {
    lines.iter().map(|line| format!("{} {}", line.name, amount(line))).collect::<Vec<_>>().join(", ")
}
