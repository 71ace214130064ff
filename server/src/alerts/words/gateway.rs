//! The gateway itself, and what it is made of.

use chrono_tz::Tz;

use super::{counted, day, dollars, time};
use crate::alerts::Words;
use crate::domain::alert::Happened;

pub(super) fn words(what: &Happened, name: &str, tz: Tz) -> Words {
    match what {
        Happened::SpendNotTracked { request_id, error } => {
            let text = format!("The database refuses it: {error}. It is kept on the node's disk beside the spool.");
            Words::new("The cost of a call could not be booked", text).fact("Call", request_id.clone())
        }
        Happened::DatabaseAway { seconds, error } => {
            let text =
                format!("For {seconds} s it took no calls: {error}. They waited on the disk and are written now.");
            Words::new("The database was away", text).fact("For", format!("{seconds} s")).link("/ui/")
        }
        Happened::SpoolGrowing { pending, seconds, bytes, bytes_max, failure } => {
            let failure =
                failure.as_ref().map(|failure| format!(" The disk takes none: {failure}.")).unwrap_or_default();
            let text = format!(
                "{} of {name} wait for the database, the oldest for {seconds} s.{failure} Calls go on until {} are full.",
                counted(*pending, "settled call"),
                megabytes(*bytes_max),
            );
            Words::new("Costs of calls wait for the database", text)
                .fact("Waiting", pending.to_string())
                .fact("Oldest", format!("{seconds} s"))
                .fact("On the disk", megabytes(*bytes))
                .fact("Limit", megabytes(*bytes_max))
                .link("/ui/")
        }
        Happened::CountersAlone { since, refuses_budgets } => {
            let holds = if *refuses_budgets {
                "Calls with budgets are refused until it is back (`on_outage: deny`)."
            } else {
                "Each node holds budgets and limits by itself: nodes together may let through more than either allows."
            };
            Words::new(
                "Redis is away: nodes do not count together",
                format!("{name}: since {}. {holds}", time(*since, tz)),
            )
            .fact("Node", name.to_owned())
            .fact("Since", time(*since, tz))
            .link("/ui/")
        }
        Happened::LedgerMismatch { day: of, mismatches, first, one, other } => {
            let text = format!(
                "{} of {} do not agree, the first of {first}: {} and {}. `tollgate ledger verify` shows all of them.",
                counted(*mismatches, "sum"),
                day(*of),
                dollars(*one),
                dollars(*other)
            );
            Words::new(format!("The ledger does not agree with itself on {}", day(*of)), text)
                .fact("Sums", mismatches.to_string())
                .fact("By one source", dollars(*one))
                .fact("By another", dollars(*other))
                .link(format!("/ui/usage?from={of}&to={of}"))
        }
        Happened::Changed { action, name, actor } => {
            Words::new(format!("{name} was {action}"), format!("{actor} did it."))
                .fact("By", actor.clone())
                .link("/ui/audit")
        }
        Happened::ChannelFailing { name, since, error } => {
            Words::new(format!("Alerts do not reach {name}"), format!("Since {}: {error}", time(*since, tz)))
                .fact("Channel", name.clone())
                .fact("Since", time(*since, tz))
                .link("/ui/alerts?tab=channels")
        }
        _ => Words::new(name, String::new()),
    }
}

fn megabytes(bytes: i64) -> String {
    format!("{} MB", bytes.saturating_add(500_000) / 1_000_000)
}
