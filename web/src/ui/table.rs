//! A table: sorted by links, rows that open, cards on a phone.

use leptos::prelude::*;

use crate::ui::location::use_url;

/// One column: how it looks and how it is exported.
pub(crate) struct Column<T> {
    pub(crate) title: &'static str,
    /// Layout classes: `end` for numbers, `minor` where a phone has no room for it.
    pub(crate) class: &'static str,
    /// The sort's wire name, where the server sorts by this column.
    pub(crate) sort: Option<&'static str>,
    pub(crate) cell: fn(&T) -> AnyView,
    /// The plain value, exact.
    pub(crate) csv: fn(&T) -> String,
}

/// The class of a column that is exported but not shown.
pub(crate) const CSV_ONLY: &str = "csv-only";

/// How the rows of a table are told apart.
pub(crate) struct Rows<T> {
    /// What the row is; also what opens in the URL.
    pub(crate) id: fn(&T) -> String,
    /// Changes when the row must be drawn anew.
    pub(crate) version: fn(&T) -> String,
}

impl<T> Clone for Rows<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Rows<T> {}

/// The sort in force: its wire name and whether it goes up.
#[derive(Clone, Copy)]
pub(crate) struct Sorting {
    pub(crate) by: Signal<String>,
    pub(crate) is_ascending: Signal<bool>,
}

#[component]
pub(crate) fn Table<T: Clone + Send + Sync + 'static>(
    /// What the table lists, for screen readers.
    label: &'static str,
    columns: &'static [Column<T>],
    #[prop(into)] rows: Signal<Vec<T>>,
    ids: Rows<T>,
    /// Name in the URL that opens a row.
    #[prop(optional)]
    opens: Option<&'static str>,
    #[prop(optional)] sorting: Option<Sorting>,
    /// Few and short columns: it stays a table on a phone.
    #[prop(optional)]
    is_plain: bool,
    /// Rows to be noticed. What is special about them is said in a cell.
    #[prop(optional)]
    marks: Option<fn(&T) -> bool>,
) -> impl IntoView {
    let shown = || columns.iter().filter(|column| column.class != CSV_ONLY);
    let heads = shown().map(|column| head(column, sorting)).collect_view();
    let url = use_url();
    let open = Memo::new(move |_| opens.and_then(|name| url.get(name)));
    let key = move |row: &T| ((ids.id)(row), (ids.version)(row));
    let draw = move |row: T| {
        let id = (ids.id)(&row);
        let is_open = {
            let id = id.clone();
            move || open.with(|open| open.as_deref() == Some(id.as_str()))
        };
        let cells = shown()
            .enumerate()
            .map(|(index, column)| {
                let link = opens.filter(|_| index == 0).map(|name| (name, id.clone()));
                cell(column, &row, link)
            })
            .collect_view();
        let is_marked = marks.is_some_and(|marks| marks(&row));
        view! { <tr role="row" class:is-open=is_open class:is-marked=is_marked>{cells}</tr> }
    };
    view! {
        <div class="table-frame">
            <table class="table" class:table-plain=is_plain role="table" aria-label=label>
                <thead role="rowgroup">
                    <tr role="row">{heads}</tr>
                </thead>
                <tbody role="rowgroup">
                    <For each=move || rows.get() key=key children=draw />
                </tbody>
            </table>
        </div>
    }
}

fn head<T>(column: &'static Column<T>, sorting: Option<Sorting>) -> AnyView {
    let (Some(sort), Some(sorting)) = (column.sort, sorting) else {
        return view! { <th role="columnheader" scope="col" class=column.class>{column.title}</th> }.into_any();
    };
    let url = use_url();
    let direction = move || (sorting.by.get() == sort).then(|| sorting.is_ascending.get());
    // The first click shows the largest or latest first, as people mostly want.
    let href = move || {
        let order = if direction() == Some(false) { "asc" } else { "" };
        url.href(&[("sort", sort), ("order", order), ("page", "")])
    };
    let aria = move || direction().map(|up| if up { "ascending" } else { "descending" });
    let arrow = move || direction().map_or("", |up| if up { "↑" } else { "↓" });
    view! {
        <th role="columnheader" scope="col" class=column.class aria-sort=aria>
            <a href=href>{column.title}<span class="sort-arrow" aria-hidden="true">{arrow}</span></a>
        </th>
    }
    .into_any()
}

fn cell<T>(column: &'static Column<T>, row: &T, link: Option<(&'static str, String)>) -> AnyView {
    let content = (column.cell)(row);
    let Some((name, id)) = link else {
        return view! { <td role="cell" class=column.class data-label=column.title>{content}</td> }.into_any();
    };
    let url = use_url();
    view! {
        <td role="cell" class=format!("{} lead", column.class) data-label=column.title>
            <a class="row-link" href=move || url.href(&[(name, &id)])>{content}</a>
        </td>
    }
    .into_any()
}
