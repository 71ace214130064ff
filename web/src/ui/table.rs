//! A table: sorted by links, rows that open, cards on a phone.

use std::collections::BTreeSet;
use std::sync::Arc;

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
    /// Ids of the rows that somebody chose, where rows can be chosen.
    #[prop(optional)]
    chosen: Option<Chosen>,
) -> impl IntoView {
    let shown = || columns.iter().filter(|column| column.class != CSV_ONLY);
    let draw = move |row: &T| {
        let id = (ids.id)(row);
        let cells = shown().enumerate().map(|(index, column)| {
            let link = opens.filter(|_| index == 0).map(|name| (name, id.clone()));
            cell(column.title, column.class, (column.cell)(row), link)
        });
        Cells { cells: cells.collect(), is_marked: marks.is_some_and(|marks| marks(row)) }
    };
    let rows = Signal::derive(move || {
        let row = |row: &T| {
            let own = row.clone();
            Row { id: (ids.id)(row), version: (ids.version)(row), draw: Arc::new(move || draw(&own)) }
        };
        rows.with(|rows| rows.iter().map(row).collect::<Vec<_>>())
    });
    frame(
        label,
        is_plain,
        shown().map(|column| head(column.title, column.class, column.sort, sorting)).collect(),
        rows,
        opens,
        chosen,
    )
}

/// A row, whatever it is of: what shows rows is compiled once, and not for every kind of them.
#[derive(Clone)]
struct Row {
    id: String,
    version: String,
    draw: Arc<dyn Fn() -> Cells + Send + Sync>,
}

/// What a row shows.
struct Cells {
    cells: Vec<AnyView>,
    is_marked: bool,
}

fn frame(
    label: &'static str,
    is_plain: bool,
    heads: Vec<AnyView>,
    rows: Signal<Vec<Row>>,
    opens: Option<&'static str>,
    chosen: Option<Chosen>,
) -> AnyView {
    let choose_all = chosen.map(|chosen| {
        let all = Memo::new(move |_| rows.with(|rows| rows.iter().map(|row| row.id.clone()).collect::<BTreeSet<_>>()));
        choose_all(chosen, all)
    });
    let url = use_url();
    let open = Memo::new(move |_| opens.and_then(|name| url.get(name)));
    let draw = move |row: Row| {
        let Cells { cells, is_marked } = (row.draw)();
        let id = row.id.clone();
        let is_open = move || open.with(|open| open.as_deref() == Some(id.as_str()));
        let choose = chosen.map(|chosen| choose_one(chosen, row.id));
        view! { <tr role="row" class:is-open=is_open class:is-marked=is_marked>{choose}{cells}</tr> }
    };
    view! {
        <div class="table-frame">
            <table class="table" class:table-plain=is_plain role="table" aria-label=label>
                <thead role="rowgroup">
                    <tr role="row">{choose_all}{heads}</tr>
                </thead>
                <tbody role="rowgroup">
                    <For
                        each=move || rows.get()
                        key=|row| (row.id.clone(), row.version.clone())
                        children=draw
                    />
                </tbody>
            </table>
        </div>
    }
    .into_any()
}

/// Ids of chosen rows.
pub(crate) type Chosen = RwSignal<BTreeSet<String>>;

fn choose_all(chosen: Chosen, all: Memo<BTreeSet<String>>) -> AnyView {
    let is_all = move || all.with(|all| !all.is_empty() && chosen.with(|chosen| all.is_subset(chosen)));
    let toggle = move |_| {
        let all = all.get_untracked();
        let is_all = chosen.with_untracked(|chosen| all.is_subset(chosen));
        chosen.update(|chosen| {
            if is_all {
                chosen.retain(|id| !all.contains(id));
            } else {
                chosen.extend(all);
            }
        });
    };
    view! {
        <th role="columnheader" scope="col" class="choose">
            <input type="checkbox" aria-label="Choose all on this page" prop:checked=is_all on:change=toggle />
        </th>
    }
    .into_any()
}

fn choose_one(chosen: Chosen, id: String) -> AnyView {
    let is_chosen = {
        let id = id.clone();
        move || chosen.with(|chosen| chosen.contains(&id))
    };
    let toggle = move |_| {
        chosen.update(|chosen| {
            if !chosen.remove(&id) {
                chosen.insert(id.clone());
            }
        });
    };
    view! {
        <td role="cell" class="choose">
            <input type="checkbox" aria-label="Choose this row" prop:checked=is_chosen on:change=toggle />
        </td>
    }
    .into_any()
}

fn head(title: &'static str, class: &'static str, sort: Option<&'static str>, sorting: Option<Sorting>) -> AnyView {
    let (Some(sort), Some(sorting)) = (sort, sorting) else {
        return view! { <th role="columnheader" scope="col" class=class>{title}</th> }.into_any();
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
        <th role="columnheader" scope="col" class=class aria-sort=aria>
            <a href=href>{title}<span class="sort-arrow" aria-hidden="true">{arrow}</span></a>
        </th>
    }
    .into_any()
}

fn cell(title: &'static str, class: &'static str, content: AnyView, link: Option<(&'static str, String)>) -> AnyView {
    let Some((name, id)) = link else {
        return view! { <td role="cell" class=class data-label=title>{content}</td> }.into_any();
    };
    let url = use_url();
    view! {
        <td role="cell" class=format!("{} lead", class) data-label=title>
            <a class="row-link" href=move || url.href(&[(name, &id)])>{content}</a>
        </td>
    }
    .into_any()
}
