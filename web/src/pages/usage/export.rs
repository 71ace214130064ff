//! What the page is about, as a file that the browser fetches by itself: it may be longer than a page could hold.

use leptos::prelude::*;
use tollgate_openapi::spend::{ExportFormat, ExportLevel, SpendExportQuery};

use super::question::Question;
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

#[component]
pub(super) fn ExportMenu(question: Memo<Question>) -> impl IntoView {
    let link = move |choice: Choice| {
        let Choice { level, format, name, text } = choice;
        let href = move || export_href(&SpendExportQuery { level, format, ..question.get().to_export() });
        view! {
            <li>
                <a class="menu-item" href=href download="" on:click=|_| browser::hide_popover(MENU_SELECTOR)>
                    {name}
                    <span class="menu-note muted">{text}</span>
                </a>
            </li>
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
            <ul>{CHOICES.map(link).into_iter().collect_view()}</ul>
        </div>
    }
}
