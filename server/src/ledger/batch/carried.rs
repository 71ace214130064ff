//! Calls that reach the ledger after another window took the place of theirs.

use sea_orm::{ConnectionTrait, DbErr};

use crate::db::{budget_carry, budget_spend, ledger};
use crate::ledger::watch::Touched;

/// Windows that took one another's place, one after the other, before a call came: more were never seen to.
const CHANGES_MAX: usize = 16;

/// Adds what was added to windows that are `touched` to those that took their place, too, and returns these as they are
/// then.
pub(in crate::ledger) async fn book_carried(
    db: &impl ConnectionTrait,
    touched: &[Touched],
) -> Result<Vec<Touched>, DbErr> {
    let mut booked = Vec::new();
    let mut next = carry_on(db, touched).await?;
    for _ in 1..CHANGES_MAX {
        if next.is_empty() {
            break;
        }
        let after = carry_on(db, &next).await?;
        booked.append(&mut next);
        next = after;
    }
    booked.append(&mut next);
    Ok(booked)
}

async fn carry_on(db: &impl ConnectionTrait, touched: &[Touched]) -> Result<Vec<Touched>, DbErr> {
    let key = |window: &budget_spend::Model| (window.scope_kind.clone(), window.scope_id.clone(), window.window_start);
    let carries = budget_carry::find_many(db, touched.iter().map(|touched| key(&touched.window))).await?;
    let mut booked = Vec::new();
    for Touched { window, added } in touched.iter().filter(|touched| touched.added != 0) {
        let is_of_it = |carry: &&budget_carry::Model| {
            carry.scope_kind == window.scope_kind
                && carry.scope_id == window.scope_id
                && carry.window_start == window.window_start
        };
        let Some(carry) = carries.iter().find(is_of_it) else { continue };
        let row = budget_spend::Model {
            window_start: carry.carried_to,
            spent: 0,
            adjusted: *added,
            pruned_spent: 0,
            ..window.clone()
        };
        let rows = ledger::add_returning::<budget_spend::Entity>(db, vec![row]).await?;
        booked.extend(rows.into_iter().map(|window| Touched { window, added: *added }));
    }
    Ok(booked)
}
