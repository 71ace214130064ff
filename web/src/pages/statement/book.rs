//! Booking a credit or a correction to a month.

use std::collections::BTreeMap;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::spend::{AdjustmentCreate, Month, StatementQuery};

use crate::api;
use crate::input::{parse_dollars, some_text};
use crate::pages::spend::month_name;
use crate::ui::drawer::Drawer;
use crate::ui::field::TextField;
use crate::ui::form::{FormAlert, FormState};
use crate::ui::toast::use_toasts;

const FIELDS: &[&[&str]] = &[&["amount", "reason", "reference"]];

#[derive(Clone, Copy)]
struct Fields {
    amount: RwSignal<String>,
    reason: RwSignal<String>,
    reference: RwSignal<String>,
}

impl Fields {
    /// The entry, of the month and of whom the statement is.
    fn entry(self, month: Month, asked: &StatementQuery) -> Result<AdjustmentCreate, BTreeMap<String, String>> {
        let text = |field: RwSignal<String>| field.with_untracked(|text| some_text(text));
        match (self.amount.with_untracked(|text| signed(text)), text(self.reason)) {
            (Err(wrong), _) => Err(BTreeMap::from([("amount".to_owned(), wrong)])),
            (_, None) => Err(BTreeMap::from([("reason".to_owned(), "Say why.".to_owned())])),
            (Ok(amount), Some(reason)) => Ok(AdjustmentCreate {
                month,
                amount,
                reason,
                reference: text(self.reference),
                organization_id: asked.organization_id.clone().filter(|_| asked.team_id.is_none()),
                team_id: asked.team_id.clone(),
                user_id: None,
                api_key: None,
                model: None,
                provider: None,
            }),
        }
    }
}

/// Dollars, less than nothing with a sign before them.
fn signed(text: &str) -> Result<NanoUsd, String> {
    let text = text.trim();
    let amount = match text.strip_prefix(['-', '−']) {
        Some(rest) => parse_dollars(rest)?.map(|amount| -amount),
        None => parse_dollars(text)?,
    };
    amount.filter(|amount| *amount != NanoUsd::ZERO).ok_or_else(|| "Enter dollars; a credit as -25.".to_owned())
}

#[component]
pub(super) fn Book(
    month: Month,
    asked: StatementQuery,
    on_close: Callback<()>,
    on_change: Callback<()>,
) -> impl IntoView {
    let [amount, reason, reference] = [(); 3].map(|()| RwSignal::new(String::new()));
    let (fields, state, toasts) = (Fields { amount, reason, reference }, FormState::new(FIELDS), use_toasts());
    let of = asked.team_id.as_ref().or(asked.organization_id.as_ref());
    let of = of.map_or("the whole gateway", String::as_str).to_owned();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let entry = match fields.entry(month, &asked) {
            Ok(entry) => entry,
            Err(errors) => return state.refuse(errors),
        };
        state.is_busy.set(true);
        spawn_local(async move {
            match api::spend::book(&entry).await {
                Ok(_) => {
                    toasts.done("Booked the correction.".to_owned());
                    on_change.try_run(());
                    on_close.try_run(());
                }
                Err(error) => state.fail(error),
            }
        });
    };
    view! {
        <Drawer title=Signal::stored("Book a correction".to_owned()) is_sticky=true is_form=true on_close=on_close>
            <form class="drawer-form" on:submit=submit novalidate>
                <div class="drawer-body">
                    <FormAlert state=state />
                    <p>{month_name(month)}", "{of}</p>
                    <TextField label="Amount" name="amount" value=amount errors=state.errors prefix="$" autofocus=true
                        hint="A credit is less than zero: -25. An entry is never changed: a wrong one is answered by another." />
                    <TextField label="Reason" name="reason" value=reason errors=state.errors />
                    <TextField label="Reference" name="reference" value=reference errors=state.errors
                        hint="Such as the number of an invoice. Optional." />
                </div>
                <footer class="drawer-footer">
                    <span class="toolbar-space"></span>
                    <button class="button" type="button" on:click=move |_| on_close.run(())>"Cancel"</button>
                    <button class="button button-primary" type="submit" disabled=state.is_busy>"Book"</button>
                </footer>
            </form>
        </Drawer>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_a_sign_and_are_something() {
        assert_eq!(signed(" -25.50 "), Ok(NanoUsd(-25_500_000_000)));
        assert_eq!(signed("−$1,000"), Ok(NanoUsd(-1_000_000_000_000)));
        assert_eq!(signed("0.000000001"), Ok(NanoUsd(1)));
        for text in ["", "0", "-0", "--1", "ten"] {
            assert!(signed(text).is_err(), "{text}");
        }
    }
}
