//! One report: what it tells, its file, and what became of it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::report::{Report, ReportInfo, ReportRun};

use super::words;
use crate::api;
use crate::app::use_session;
use crate::format;
use crate::ui::badge::Badge;
use crate::ui::confirm::Confirm;
use crate::ui::drawer::{Drawer, focus_title};
use crate::ui::load::{Load, skeleton};
use crate::ui::location::use_url;
use crate::ui::time;
use crate::ui::toast::use_toasts;

#[component]
pub(super) fn ReportDetail(
    report: Report,
    on_close: Callback<()>,
    on_change: Callback<()>,
    on_gone: Callback<()>,
) -> impl IntoView {
    Effect::new(|_| focus_title());
    let id = report.report_id.clone();
    let load = Load::<ReportInfo>::new(move || api::report::info(id.clone()));
    let (tone, word) = words::state(report.last_run.as_ref());
    let filter = &report.filter;
    let narrowed = [
        ("organization", &filter.organization_id),
        ("team", &filter.team_id),
        ("user", &filter.user_id),
        ("key", &filter.api_key),
        ("model", &filter.model),
        ("provider", &filter.provider),
        ("tag", &filter.tag),
        ("cost centre", &filter.cost_center),
    ];
    let narrowed: Vec<String> =
        narrowed.into_iter().filter_map(|(name, id)| Some(format!("{name} {}", id.as_ref()?))).collect();
    let narrowed = if narrowed.is_empty() { "all that one may see".to_owned() } else { narrowed.join(", ") };
    let shared = match (&report.organization_id, &report.team_id) {
        (Some(id), _) => format!("organization {id}"),
        (None, Some(id)) => format!("team {id}"),
        (None, None) => "nobody".to_owned(),
    };
    let (file_id, period) = (report.report_id.clone(), report.period);
    let runs = move || {
        load.data.with(|info| {
            let runs = info.as_ref().map(|info| info.runs.as_slice()).unwrap_or_default();
            match runs {
                [] => view! { <li class="muted">"Nothing yet. Each period's file will be here once it is made."</li> }
                    .into_any(),
                runs => {
                    runs.iter().map(|run| run_line(run, &words::days(run, period), &file_id)).collect_view().into_any()
                }
            }
        })
    };
    view! {
        <Drawer title=Signal::stored(report.name.clone()) on_close=on_close>
            <div class="drawer-body">
                <div class="detail-head"><Badge tone=tone text=word /></div>
                <dl class="facts">
                    <dt>"Tells"</dt><dd>{words::what(&report)}", "{words::said(&words::PERIODS, report.period.name()).to_lowercase()}</dd>
                    <dt>"Of"</dt><dd class="wrap">{narrowed}</dd>
                    <dt>"File"</dt><dd>{words::said(&words::FORMATS, report.format.as_str())}</dd>
                    <dt>"Sent to"</dt><dd class="wrap">{match report.email_to.len() { 0 => words::sent_to(&report), _ => report.email_to.join(", ") }}</dd>
                    <dt>"Shared with"</dt><dd>{shared}</dd>
                    <dt>"Owner"</dt><dd>{format::person(&report.user_id).to_owned()}": what is sent tells what they may see"</dd>
                    {report.next_due_at.map(|due| view! { <dt>"Next"</dt><dd>{time::full(due)}</dd> })}
                </dl>
                <h3>"What became of it"</h3>
                {load.show(skeleton, move || view! { <ul class="deliveries">{runs.clone()}</ul> }.into_any())}
            </div>
            <Actions report=report on_sent=Callback::new(move |()| { load.refresh(); on_change.run(()); }) on_gone=on_gone />
        </Drawer>
    }
}

fn run_line(run: &ReportRun, days: &str, report_id: &str) -> AnyView {
    let (tone, word) = words::state(Some(run));
    let file = words::file(report_id, Some(&run.first_day.to_string()));
    view! {
        <li>
            <a class="link" href=file download="">{days.to_owned()}</a>
            " "
            <Badge tone=tone text=word />
            {run.ended_at.or(run.next_attempt_at).map(time::relative)}
            {run.error.clone().map(|error| view! { <p class="field-error">{error}</p> })}
            {run.address.clone().map(|address| view! { <p class="hint wrap">{address}</p> })}
        </li>
    }
    .into_any()
}

#[component]
fn Actions(report: Report, on_sent: Callback<()>, on_gone: Callback<()>) -> impl IntoView {
    let (url, toasts, session) = (use_url(), use_toasts(), use_session());
    let (is_asked, is_busy) = (RwSignal::new(false), RwSignal::new(false));
    let is_own = session.is_admin() || session.view().is_some_and(|view| view.user_id == report.user_id);
    let file = words::file(&report.report_id, url.get("day").as_deref());
    let is_sent = report.next_due_at.is_some();
    let report = StoredValue::new(report);
    let id = move || report.with_value(|report| report.report_id.clone());
    let send = move |_| {
        is_busy.set(true);
        spawn_local(async move {
            let asked = api::report::run(id()).await;
            let _ = is_busy.try_set(false);
            match asked {
                Ok(_) => {
                    toasts.done("It is on its way.");
                    on_sent.try_run(());
                }
                Err(error) => toasts.error(error.message),
            }
        });
    };
    let delete = Callback::new(move |()| {
        is_busy.set(true);
        spawn_local(async move {
            let deleted = api::report::delete(id()).await;
            let _ = is_busy.try_set(false);
            let _ = is_asked.try_set(false);
            match deleted {
                Ok(deleted) => {
                    toasts.done(deleted.message);
                    on_gone.try_run(());
                }
                Err(error) => toasts.error(error.message),
            }
        });
    });
    let question = move || {
        is_asked.get().then(|| {
            let title = report.with_value(|report| format!("Delete {}?", report.name));
            let text = "It is sent no more, and gone for those it is shared with. Files that were put somewhere stay.";
            view! { <Confirm title=title text=text action="Delete report" is_busy=is_busy on_confirm=delete on_close=Callback::new(move |()| is_asked.set(false)) /> }
        })
    };
    let own = is_own.then(|| {
        let send = is_sent
            .then(|| view! { <button class="button" type="button" disabled=is_busy on:click=send>"Send now"</button> });
        view! {
            {send}
            <button class="button" type="button" on:click=move |_| url.replace(&[("edit", "1")])>"Edit"</button>
        }
    });
    view! {
        <footer class="drawer-footer">
            {is_own.then(|| view! { <button class="button button-quiet-danger" type="button" on:click=move |_| is_asked.set(true)>"Delete"</button> })}
            <span class="toolbar-space"></span>
            {own}
            <a class="button button-primary" href=file download="">"Download"</a>
        </footer>
        {question}
    }
}
