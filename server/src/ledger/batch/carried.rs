//! Calls whose budget window was over before they reached the ledger, since another one took its place.

use std::borrow::Cow;
use std::collections::HashSet;

use sea_orm::{ConnectionTrait, DbErr};

use super::WindowKey;
use crate::db::{budget_carry, budget_spend, ledger, stored_time};
use crate::ledger::event::SpendEvent;
use crate::ledger::watch::Touched;

/// Windows that took one another's place, one after the other, before a call came: more were never seen to.
const CHANGES_MAX: usize = 16;

/// Adds what was spent in windows that are `touched` to those that took their place, and returns these as they are then.
/// `late` says how much of it whoever put them there did not count.
pub(in crate::ledger) async fn book_carried(
    db: &impl ConnectionTrait,
    touched: &[Touched],
    late: impl Fn(&Touched, &budget_carry::Model) -> i64,
) -> Result<Vec<Touched>, DbErr> {
    let mut booked: Vec<Touched> = carry_on(db, touched, late).await?;
    let mut from = 0;
    for _ in 1..CHANGES_MAX {
        let next = carry_on(db, &booked[from..], |touched, _| touched.added).await?;
        if next.is_empty() {
            break;
        }
        from = booked.len();
        booked.extend(next);
    }
    Ok(booked)
}

async fn carry_on(
    db: &impl ConnectionTrait,
    touched: &[Touched],
    late: impl Fn(&Touched, &budget_carry::Model) -> i64,
) -> Result<Vec<Touched>, DbErr> {
    let mut carried = Vec::new();
    for carry in budget_carry::find_many(db, touched.iter().map(|touched| key_of(&touched.window))).await? {
        let from = (carry.scope_kind.clone(), carry.scope_id.clone(), carry.window_start);
        let Some(touched) = touched.iter().find(|touched| key_of(&touched.window) == from) else { continue };
        let added = late(touched, &carry);
        if added == 0 {
            continue;
        }
        let row = budget_spend::Model {
            scope_kind: carry.scope_kind,
            scope_id: carry.scope_id,
            window_start: carry.carried_to,
            spent: 0,
            adjusted: added,
            pruned_spent: 0,
        };
        let rows = ledger::add_returning::<budget_spend::Entity>(db, vec![row]).await?;
        carried.extend(rows.into_iter().map(|window| Touched { window, added }));
    }
    Ok(carried)
}

fn key_of(window: &budget_spend::Model) -> WindowKey {
    (window.scope_kind.clone(), window.scope_id.clone(), window.window_start)
}

/// What those of `events` that are new spent in a window after it was over, or before without the node knowing that put
/// another in its place. They are of the present process of the node with the spool `own`, if of any that could be it.
pub(in crate::ledger) fn late_spend(
    events: &[Cow<'_, SpendEvent>],
    inserted: &HashSet<String>,
    own: Option<&str>,
    carry: &budget_carry::Model,
) -> i64 {
    let is_known =
        |event: &SpendEvent| own == Some(carry.spool_id.as_str()) && stored_time(event.end_time) <= carry.carried_at;
    let is_charged = |event: &SpendEvent| {
        event.charges.iter().any(|charge| {
            *charge.kind == *carry.scope_kind
                && *charge.id == *carry.scope_id
                && charge.window_start_us == carry.window_start
        })
    };
    let mut seen = HashSet::new();
    let new = events.iter().filter(|event| inserted.contains(&*event.request_id) && seen.insert(&*event.request_id));
    let late = new.filter(|event| is_charged(event) && !is_known(event));
    late.fold(0, |sum, event| sum.saturating_add(event.spend_nano))
}
