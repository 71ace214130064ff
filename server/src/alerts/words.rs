//! What happened, in words: what, since when, how bad, with its numbers and the page of the console that shows it.

mod calls;
mod gateway;
mod providers;
mod spend;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use tollgate_openapi::money::NanoUsd;

use super::message::{Subject, Words};
use super::names::of_model;
use super::report;
use crate::domain::alert::{BudgetState, Happened};

/// The words of what happened to what is called `name`.
pub(super) fn words(what: &Happened, subject: &Subject, name: &str, tz: Tz) -> Words {
    match what {
        Happened::ThresholdCrossed { percent, budget } => {
            of_budget(&format!("{name} has used {percent} % of its budget"), budget, subject, tz)
        }
        Happened::BudgetCrossed { budget } => {
            let words = of_budget(&format!("{name} has used up its budget"), budget, subject, tz);
            Words { text: format!("Its calls are refused until there is a new budget. {}", words.text), ..words }
        }
        Happened::CallRefused { budget } => {
            let words = of_budget(&format!("{name} has too little budget left for a call"), budget, subject, tz);
            Words { text: format!("The call was refused; smaller ones may go on. {}", words.text), ..words }
        }
        Happened::SoftBudgetCrossed { budget, soft_budget } => {
            let words = of_budget(&format!("{name} has spent its soft budget"), budget, subject, tz);
            words.fact("Soft budget", dollars(*soft_budget))
        }
        Happened::ProjectedLimitExceeded { budget, projected, exceeded_at } => {
            let title = format!("{name} will run out of budget on {}", date(*exceeded_at, tz));
            let words = of_budget(&title, budget, subject, tz);
            words.fact("At this pace", dollars(*projected)).fact("Spent by", time(*exceeded_at, tz))
        }
        Happened::SpendReport(report) => report::words(report),
        Happened::UserSpent { .. }
        | Happened::UserSpendsUnusually { .. }
        | Happened::KeyExpires { .. }
        | Happened::ModelReport(_) => spend::words(what, subject, name, tz),
        other => calls::words(other, name, tz),
    }
}

fn of_budget(title: &str, budget: &BudgetState, subject: &Subject, tz: Tz) -> Words {
    let spent = dollars(budget.spent);
    let of = budget.max_budget.map(|max| format!(" of {}", dollars(max))).unwrap_or_default();
    let renewed = budget.window_end.map_or_else(
        || "This budget never starts anew.".to_owned(),
        |end| format!("The budget starts anew on {}.", time(end, tz)),
    );
    let words = Words::new(title, format!("{spent}{of} spent. {renewed}"))
        .fact("Spent", spent)
        .fact("Budget", budget.max_budget.map(dollars).unwrap_or_default())
        .fact("Left", budget.max_budget.map(|max| dollars((max - budget.spent).max(0))).unwrap_or_default());
    match page_of(&subject.kind, &subject.id) {
        Some(page) => words.link(page),
        None => words,
    }
}

/// The page of the console that shows something.
fn page_of(kind: &str, id: &str) -> Option<String> {
    let (kind, id) = of_model(kind, id).map_or((kind, id), |(kind, id, _)| (kind, id));
    let group = |id: &str| id.split_once('/').map_or_else(|| id.to_owned(), |(group, _)| group.to_owned());
    let (page, id) = match kind {
        "key" => ("keys?key", id.to_owned()),
        "user" => ("users?user", id.to_owned()),
        "team" => ("teams?team", id.to_owned()),
        "team_member" => ("teams?tab=members&team", group(id)),
        "organization" => ("organizations?organization", id.to_owned()),
        "organization_member" => ("organizations?tab=members&organization", group(id)),
        "customer" => ("customers?customer", id.to_owned()),
        "tag" => ("tags?tag", id.to_owned()),
        "provider" | "gateway" => return Some("/ui/usage".to_owned()),
        _ => return None,
    };
    Some(format!("/ui/{page}={}", encoded(&id)))
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Dollars with cents; below a cent, as many digits as it takes.
pub(crate) fn dollars(nano: i64) -> String {
    let shown = NanoUsd(nano).to_string();
    let (whole, decimals) = shown.split_once('.').unwrap_or((&shown, ""));
    let cents = (i128::from(nano) + 5_000_000) / 10_000_000;
    if cents > 0 {
        return format!("${}.{:02}", cents / 100, cents % 100);
    }
    match decimals.trim_end_matches('0') {
        "" => format!("${whole}.00"),
        digits => format!("${whole}.{digits}"),
    }
}

/// A day as it is written in a sentence.
pub(super) fn day(day: NaiveDate) -> String {
    day.format("%-d %B %Y").to_string()
}

/// So many of something, in the plural where it is not one.
pub(super) fn counted(count: i64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

fn date(at: DateTime<Utc>, tz: Tz) -> String {
    at.with_timezone(&tz).format("%-d %B %Y").to_string()
}

pub(super) fn time(at: DateTime<Utc>, tz: Tz) -> String {
    at.with_timezone(&tz).format("%-d %B %Y, %H:%M %Z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_dollars_and_cents() {
        let shown = [80_120_000_000, 5_000_000, 4_999_999, 75, 0, 1_999_999_999].map(dollars);
        assert_eq!(shown, ["$80.12", "$0.01", "$0.004999999", "$0.000000075", "$0.00", "$2.00"]);
    }

    #[test]
    fn a_budget_is_told_of_with_its_numbers() {
        let budget = BudgetState {
            spent: 80_120_000_000,
            max_budget: Some(100_000_000_000),
            window_start: None,
            window_end: "2026-11-30T23:00:00Z".parse().ok(),
        };
        let subject = Subject { kind: "team".to_owned(), id: "search & co".to_owned(), ..Subject::default() };
        let what = Happened::ThresholdCrossed { percent: 80, budget };
        let words = words(&what, &subject, "Team search", Tz::Europe__Berlin);
        assert_eq!(words.title, "Team search has used 80 % of its budget");
        assert_eq!(words.text, "$80.12 of $100.00 spent. The budget starts anew on 1 December 2026, 00:00 CET.");
        let facts: Vec<_> = words.facts.iter().map(|fact| (fact.name.as_str(), fact.value.as_str())).collect();
        assert_eq!(facts, [("Spent", "$80.12"), ("Budget", "$100.00"), ("Left", "$19.88")]);
        assert_eq!(words.link.as_deref(), Some("/ui/teams?team=search%20%26%20co"));
        assert_eq!(Words::of_stored(&words.stored()), Some(words));
    }
}
