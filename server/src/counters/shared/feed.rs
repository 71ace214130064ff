//! Brings what happens on this node to Redis, in order.

use std::sync::Arc;

use redis::ScriptInvocation;
use tokio::sync::mpsc;
use tollgate_openapi::money::NanoUsd;

use super::change::Batch;
use super::{Change, Link, Note, Shared, Window};
use crate::counters::Counters;

/// Notes of one batch. A script keeps Redis from everything else while it runs.
const NOTES_MAX: usize = 256;
/// Windows told by one script.
const WINDOWS_MAX: usize = 128;

/// Brings notes to Redis as long as there are any. What does not arrive is told when the node joins again.
pub(super) async fn run(counters: Arc<Counters>, mut notes: mpsc::UnboundedReceiver<Note>) {
    let Some(shared) = &counters.shared else { return };
    let mut batch = Batch::default();
    while let Some(note) = notes.recv().await {
        let link = shared.link.load_full();
        let lease = link.as_ref().map(|link| &link.lease);
        batch.add(note, lease);
        for _ in 1..NOTES_MAX {
            match notes.try_recv() {
                Ok(note) => batch.add(note, lease),
                Err(_) => break,
            }
        }
        let has_arrived = match &link {
            Some(link) => bring(shared, link, &batch).await,
            None => false,
        };
        for done in std::mem::take(&mut batch.done) {
            // Whoever asked may not wait any more.
            let _ = done.send(has_arrived);
        }
        if has_arrived {
            batch = Batch::default();
        } else {
            batch.keep_written();
        }
    }
}

async fn bring(shared: &Shared, link: &Link, batch: &Batch) -> bool {
    let changes: Vec<(&Window, &Change)> = batch.changes.iter().collect();
    for changes in changes.chunks(WINDOWS_MAX) {
        let call = script(shared, link, changes);
        let mut connection = link.connection.clone();
        if let Err(error) = shared.in_time(call.invoke_async::<()>(&mut connection)).await {
            shared.lose(&link.lease, &error);
            return false;
        }
    }
    true
}

fn script<'a>(shared: &'a Shared, link: &Link, changes: &[(&Window, &Change)]) -> ScriptInvocation<'a> {
    let mut call = shared.scripts.apply.prepare_invoke();
    call.arg(&shared.settings.node).arg(shared.keys.owing(&shared.settings.node));
    for (window, change) in changes {
        if let Some((spent, adjusted)) = change.written {
            let unwritten = change.unwritten.unwrap_or(NanoUsd::ZERO);
            call.key(shared.keys.budget(window));
            call.arg("w").arg(spent.0).arg(adjusted.0).arg(unwritten.0);
        }
        if change.reserved != 0 || change.unwritten.is_some() {
            let unwritten = change.unwritten.filter(|_| change.written.is_none());
            call.key(shared.keys.budget(window));
            call.arg("b").arg(&*link.lease).arg(change.reserved);
            call.arg(unwritten.map_or_else(String::new, |unwritten| unwritten.0.to_string()));
            call.arg(shared.expires_ms(change.window_end));
        }
        if change.in_flight != 0 {
            call.key(shared.keys.in_flight(&window.scope)).arg("f").arg(&*link.lease).arg(change.in_flight);
        }
        for (slot, requests) in &change.requests_back {
            call.key(shared.keys.traffic(&window.scope)).arg("q").arg(*slot).arg(*requests);
        }
        for (slot, tokens) in change.tokens.iter().filter(|(_, tokens)| **tokens != 0) {
            call.key(shared.keys.traffic(&window.scope)).arg("t").arg(*slot).arg(*tokens);
        }
    }
    call
}
