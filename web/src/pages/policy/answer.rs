//! A judgement: the verdict in a sentence, every check, what the call would take, who could serve it.

use leptos::prelude::*;
use tollgate_openapi::policy::{PolicyEstimate, PolicyExplanation, PolicyRefusal, PolicyVerdict};

use crate::browser;
use crate::format;
use crate::pages::policy::check::{self, is_failed};
use crate::pages::policy::deployment;
use crate::pages::policy::words::{deciding, verdict, whom_to_ask};
use crate::ui::export::{ExportButton, rows_of};
use crate::ui::icon::{Icon, icon};
use crate::ui::money::cost;
use crate::ui::table::Table;

#[component]
pub(crate) fn Answer(#[prop(into)] answer: Signal<Option<PolicyExplanation>>) -> impl IntoView {
    let checks = Signal::derive(move || answer.with(|answer| answer.as_ref().map(check::rows).unwrap_or_default()));
    let deployments = Signal::derive(move || {
        answer.with(|answer| answer.as_ref().map(|a| a.deployments.clone()).unwrap_or_default())
    });
    let has_deployments = Memo::new(move |_| deployments.with(|deployments| !deployments.is_empty()));
    let estimate = move || answer.with(|answer| answer.as_ref().and_then(|a| a.estimate).map(estimate));
    let served_by = move || {
        has_deployments.get().then(|| {
            view! {
                <h4>"Who could serve it"</h4>
                <div class="card"><Table label="Deployments" columns=deployment::COLUMNS rows=deployments ids=deployment::IDS is_plain=true /></div>
            }
        })
    };
    view! {
        <div class="answer">
            {move || answer.with(|answer| answer.as_ref().map(head))}
            <div class="answer-title">
                <h4>"Checks, in order"</h4>
                <ExportButton name="tollgate-checks" columns=check::COLUMNS rows=rows_of(checks) />
            </div>
            <div class="card"><Table label="Checks" columns=check::COLUMNS rows=checks ids=check::IDS marks=is_failed /></div>
            {estimate}
            {served_by}
        </div>
    }
}

/// The verdict, whom to ask, and what the application gets.
fn head(answer: &PolicyExplanation) -> impl IntoView + use<> {
    let (class, art) = match answer.verdict {
        PolicyVerdict::Allowed => ("notice notice-good", Icon::Check),
        PolicyVerdict::Limited | PolicyVerdict::Waits => ("notice", Icon::Warning),
        PolicyVerdict::Refused => ("notice notice-bad", Icon::Close),
    };
    let ask = (answer.verdict != PolicyVerdict::Allowed).then(|| deciding(answer).map(whom_to_ask)).flatten();
    view! {
        <div class=class role="status">
            <p class="verdict">{icon(art)}<span>{verdict(answer, browser::now())}</span></p>
            {ask.map(|ask| view! { <p class="verdict-ask">{ask}</p> })}
        </div>
        {answer.refusal.as_ref().map(refusal)}
    }
}

fn refusal(refusal: &PolicyRefusal) -> impl IntoView + use<> {
    view! {
        <p class="muted answer-refusal">
            "The application gets status "<span class="strong">{refusal.status}</span>", "
            <span class="code">{refusal.kind.clone()}</span>": “"{refusal.message.clone()}"”"
        </p>
    }
}

fn estimate(estimate: PolicyEstimate) -> impl IntoView {
    let row = |label: &'static str, tokens: u64| {
        view! { <dt>{label}</dt><dd class="number">{format::whole_u64(tokens)}" tokens"</dd> }
    };
    view! {
        <h4>"What it would take"</h4>
        <dl class="facts facts-numbers">
            <dt>"Reserved: the most it could cost"</dt><dd>{cost(estimate.cost)}</dd>
            {row("Prompt", estimate.input_tokens)}
            {row("Longest answer", estimate.output_tokens)}
            {estimate.usual_output_tokens.map(|tokens| row("Answers like it are usually up to", tokens))}
            {estimate.output_limit.map(|tokens| row("Limit that the gateway would set", tokens))}
        </dl>
        <p class="hint">"It is charged what it really uses. The rest is given back when it ends."</p>
    }
}
