//! A table as a CSV file.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::ApiError;
use crate::ui::icon::{Icon, icon};
use crate::ui::table::Column;
use crate::ui::toast::use_toasts;
use crate::{browser, csv};

/// Fetches every row that the table's filters match, not only the page on show.
pub(crate) type FetchRows<T> = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<Vec<T>, ApiError>>>> + Send + Sync>;

/// The rows a table already shows in full.
pub(crate) fn rows_of<T: Clone + Send + Sync + 'static>(rows: Signal<Vec<T>>) -> FetchRows<T> {
    Arc::new(move || {
        let rows = rows.get_untracked();
        Box::pin(async move { Ok(rows) })
    })
}

#[component]
pub(crate) fn ExportButton<T: 'static>(
    /// File name without its extension.
    name: &'static str,
    columns: &'static [Column<T>],
    rows: FetchRows<T>,
) -> impl IntoView {
    let toasts = use_toasts();
    let is_busy = RwSignal::new(false);
    let export = move |_| {
        is_busy.set(true);
        let fetched = rows();
        spawn_local(async move {
            let saved = fetched.await.map_err(|error| error.message).and_then(|rows| save(name, columns, &rows));
            if let Err(message) = saved {
                toasts.error(format!("The export failed. {message}"));
            }
            let _ = is_busy.try_set(false);
        });
    };
    view! {
        <button
            class="button button-small export"
            type="button"
            title="Export as CSV"
            aria-label=format!("Export {name} as CSV")
            disabled=is_busy
            on:click=export
        >
            {icon(Icon::Download)}
            <span class="export-text">"CSV"</span>
        </button>
    }
}

fn save<T>(name: &str, columns: &[Column<T>], rows: &[T]) -> Result<(), String> {
    let header: Vec<_> = columns.iter().map(|column| column.title).collect();
    let lines: Vec<_> = rows.iter().map(|row| columns.iter().map(|column| (column.csv)(row)).collect()).collect();
    let file_name = format!("{name}-{}.csv", browser::now().format("%Y-%m-%d"));
    browser::download(&file_name, "text/csv;charset=utf-8", &csv::document(&header, &lines))
        .map_err(|_| "The browser did not allow saving.".to_owned())
}
