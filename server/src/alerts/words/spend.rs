//! What people and models did in a time: spend that somebody set a mark for, reports, and keys that end.

use chrono_tz::Tz;

use super::{counted, day, dollars, page_of, time};
use crate::alerts::Words;
use crate::alerts::message::Subject;
use crate::alerts::report;
use crate::domain::alert::Happened;

pub(super) fn words(what: &Happened, subject: &Subject, name: &str, tz: Tz) -> Words {
    let words = match what {
        Happened::UserSpent { spent, threshold, period, first_day } => {
            let text =
                format!("{} since {}; {} a {period} is told.", dollars(*spent), day(*first_day), dollars(*threshold));
            Words::new(format!("{name} has spent {} this {period}", dollars(*threshold)), text)
                .fact("Spent", dollars(*spent))
                .fact("Limit", format!("{} a {period}", dollars(*threshold)))
        }
        Happened::UserSpendsUnusually { day: of, spent, usual, limit, days } => {
            let text = format!(
                "{} on {} so far; such days used to cost {}, and more than {} is unusual. Nothing is refused.",
                dollars(*spent),
                day(*of),
                dollars(*usual),
                dollars(*limit)
            );
            Words::new(format!("{name} spends far more than usual"), text)
                .fact("Spent", dollars(*spent))
                .fact("Usual", dollars(*usual))
                .fact("Limit", dollars(*limit))
                .fact("Learned from", counted(*days, "day"))
        }
        Happened::KeyExpires { at, days_left } => {
            let text =
                format!("Calls with it are refused from {} on. Rotate it, or let it last longer.", time(*at, tz));
            let within = if *days_left > 1 { format!("within {days_left} days") } else { "within a day".to_owned() };
            Words::new(format!("{name} expires {within}"), text).fact("Expires", time(*at, tz))
        }
        Happened::ModelReport(report) => return report::models::words(report),
        _ => Words::new(name, String::new()),
    };
    match page_of(&subject.kind, &subject.id) {
        Some(page) => words.link(page),
        None => words,
    }
}
