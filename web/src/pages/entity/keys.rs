//! The keys of a team, user, customer, organization or tag.

use leptos::prelude::*;
use tollgate_openapi::key::KeyListQuery;

use crate::api;
use crate::format;
use crate::pages::key::list::{BRIEF, IDS};
use crate::ui::load::{Load, skeleton};
use crate::ui::table::Table;

/// Keys shown at once.
const KEYS_SHOWN: u64 = 50;

#[component]
pub(crate) fn EntityKeys(query: KeyListQuery) -> impl IntoView {
    let load = Load::new(move || {
        let query = KeyListQuery { size: KEYS_SHOWN, ..query.clone() };
        async move { api::key::list(query).await }
    });
    let rows = load.map(|keys| keys.keys.clone());
    let is_empty = Memo::new(move |_| rows.with(Vec::is_empty));
    let more = load.map(|keys| keys.total.saturating_sub(KEYS_SHOWN));
    let ready = move || {
        let content = move || {
            if is_empty.get() {
                return view! { <p class="muted">"No keys yet."</p> }.into_any();
            }
            let more = move || {
                let more = more.get();
                (more > 0)
                    .then(|| view! { <p class="hint">{format!("And {} older ones.", format::whole_u64(more))}</p> })
            };
            view! {
                <div class="card"><Table label="Keys" columns=BRIEF rows=rows ids=IDS /></div>
                {more}
            }
            .into_any()
        };
        content.into_any()
    };
    load.show(skeleton, ready)
}
