//! What the page is about, as a file that the browser fetches by itself: it may be longer than a page could hold.

use leptos::prelude::*;
use tollgate_openapi::paths;
use tollgate_openapi::spend::{ExportFormat, ExportLevel, SpendExportQuery};

use crate::api::spend::export_href;
use crate::browser;
use crate::ui::icon::{Icon, icon};

const MENU: &str = "usage-export";
const MENU_SELECTOR: &str = "#usage-export";

/// A file that can be had.
struct Choice {
    level: ExportLevel,
    format: ExportFormat,
    name: &'static str,
    text: &'static str,
}

const CHOICES: [Choice; 5] = [
    Choice {
        level: ExportLevel::Days,
        format: ExportFormat::Csv,
        name: "Days as CSV",
        text: "A row a day, key, model and end user: for spreadsheets",
    },
    Choice {
        level: ExportLevel::Days,
        format: ExportFormat::Jsonl,
        name: "Days as JSON lines",
        text: "The same for programs",
    },
    Choice {
        level: ExportLevel::Days,
        format: ExportFormat::Focus,
        name: "Days as FOCUS 1.2",
        text: "For tools of finance that read cloud bills",
    },
    Choice {
        level: ExportLevel::Calls,
        format: ExportFormat::Csv,
        name: "Calls as CSV",
        text: "A row a call, as long as the log keeps it",
    },
    Choice {
        level: ExportLevel::Calls,
        format: ExportFormat::Jsonl,
        name: "Calls as JSON lines",
        text: "The same for programs",
    },
];

/// Whatever the filters.
const ACTIVITY: [(&str, &str); 5] = [
    (paths::USER_DAILY_ACTIVITY_EXPORT, "All users by day"),
    (paths::TEAM_DAILY_ACTIVITY_EXPORT, "All teams by day"),
    (paths::ORGANIZATION_DAILY_ACTIVITY_EXPORT, "All organizations by day"),
    (paths::CUSTOMER_DAILY_ACTIVITY_EXPORT, "All customers by day"),
    (paths::TAG_DAILY_ACTIVITY_EXPORT, "All tags by day"),
];

#[component]
pub(crate) fn ExportMenu(
    /// Days and filters.
    #[prop(into)]
    query: Signal<SpendExportQuery>,
    /// Whose reports by day are offered, too. They are of all that the reader may see.
    #[prop(optional)]
    has_activity: bool,
) -> impl IntoView {
    let link = move |choice: Choice| {
        let Choice { level, format, name, text } = choice;
        let href = move || export_href(&SpendExportQuery { level, format, ..query.get() });
        view! {
            <li>
                <a class="menu-item" href=href download="" on:click=|_| browser::hide_popover(MENU_SELECTOR)>
                    {name}
                    <span class="menu-note muted">{text}</span>
                </a>
            </li>
        }
    };
    let activity = move |(path, name): (&'static str, &'static str)| {
        let days = move || query.with(|query| query.start_date.zip(query.end_date));
        let href = move || days().map(|(first, last)| format!("{path}?start_date={first}&end_date={last}"));
        view! {
            <li><a class="menu-item" href=href download="" on:click=|_| browser::hide_popover(MENU_SELECTOR)>{name}</a></li>
        }
    };
    view! {
        <button class="button export-menu-button" type="button" popovertarget=MENU aria-haspopup="dialog">
            {icon(Icon::Download)}
            "Export"
        </button>
        <div id=MENU class="menu export-menu" popover="auto" role="dialog" aria-label="Export">
            <p class="menu-head">
                <strong>"Export"</strong>
                <span class="muted">"The days and filters of this page, with every row."</span>
            </p>
            <ul>
                {CHOICES.map(link).into_iter().collect_view()}
                {has_activity.then(|| ACTIVITY.map(activity).into_iter().collect_view())}
            </ul>
        </div>
    }
}
