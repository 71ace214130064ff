//! The browsers that the reader is signed in with.

use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::session::{SessionItem, SessionList, SessionRevoke};

use crate::api;
use crate::ui::load::{Load, skeleton};
use crate::ui::time;
use crate::ui::toast::use_toasts;

#[component]
pub(crate) fn Sessions() -> impl IntoView {
    let load = Load::<SessionList>::new(api::session::list);
    let (is_busy, toasts) = (RwSignal::new(false), use_toasts());
    let end = Callback::new(move |which: SessionRevoke| {
        is_busy.set(true);
        spawn_local(async move {
            match api::session::revoke(&which).await {
                Ok(ended) if ended.revoked == 1 => toasts.done("One session has ended."),
                Ok(ended) => toasts.done(format!("{} sessions have ended.", ended.revoked)),
                Err(error) => toasts.error(error.message),
            }
            let _ = is_busy.try_set(false);
            load.refresh();
        });
    });
    let ready = move || {
        let rows = move || {
            let sessions = load.data.get().map(|list| list.sessions).unwrap_or_default();
            sessions.into_iter().map(|session| row(session, end, is_busy)).collect_view()
        };
        let has_others = Memo::new(move |_| load.data.with(|list| list.as_ref().is_some_and(|l| l.sessions.len() > 1)));
        view! {
            <ul class="plain-list">{rows}</ul>
            {move || has_others.get().then(|| view! {
                <div class="actions">
                    <button class="button" type="button" disabled=is_busy
                        on:click=move |_| end.run(SessionRevoke { others: true, ..SessionRevoke::default() })>
                        "Sign out everywhere else"
                    </button>
                </div>
            })}
        }
        .into_any()
    };
    load.show(skeleton, ready)
}

fn row(session: SessionItem, end: Callback<SessionRevoke>, is_busy: RwSignal<bool>) -> AnyView {
    let SessionItem { session_id, is_current, user_agent, ip_address, last_seen_at, created_at, .. } = session;
    let device = user_agent.as_deref().map_or_else(|| "Unknown device".to_owned(), device);
    let which = SessionRevoke { session_id: Some(session_id), ..SessionRevoke::default() };
    let button = (!is_current).then(|| {
        let name = format!("Sign out {device}");
        view! {
            <button class="button button-small" type="button" aria-label=name disabled=is_busy on:click=move |_| end.run(which.clone())>
                "Sign out"
            </button>
        }
    });
    view! {
        <li class="plain-row">
            <div>
                <span class="strong">{device.clone()}</span>
                {is_current.then(|| view! { <span class="muted">" · this one"</span> })}
                <div class="muted">
                    {ip_address}" · last used "{time::relative(last_seen_at)}", signed in "{time::moment(created_at)}
                </div>
            </div>
            {button}
        </li>
    }
    .into_any()
}

/// Browser and system, as far as browsers say what they are.
fn device(user_agent: &str) -> String {
    let first = |known: &[(&str, &'static str)]| {
        known.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    // Each of the former also names those after it.
    let browser = first(&[("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")]);
    let system = first(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "Mac"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => user_agent.chars().take(40).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named_as_people_know_them() {
        let edge =
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0";
        assert_eq!(device(edge), "Edge on Windows");
        assert_eq!(
            device("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1"),
            "Safari on iPhone"
        );
        assert_eq!(device("curl/8.5"), "curl/8.5");
    }
}
