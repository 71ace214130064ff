//! The page's state in the URL, as signals.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use crate::url::Query;

type Navigate = Box<dyn Fn(&str, NavigateOptions)>;

/// The current URL below the console's root.
#[derive(Clone, Copy)]
pub(crate) struct UrlState {
    query: Memo<Query>,
    path: Memo<String>,
    navigate: StoredValue<Navigate, LocalStorage>,
}

pub(crate) fn use_url() -> UrlState {
    let location = use_location();
    let (path, map, navigate) = (location.pathname, location.query, use_navigate());
    let own = path.get_untracked();
    // A page that is being left must not take the next one's state for its own.
    let query = Memo::new(move |before: Option<&Query>| match before {
        Some(before) if path.get() != own => before.clone(),
        _ => map.with(|map| Query::from_pairs(map.clone().into_iter().map(|(k, v)| (k.into_owned(), v)))),
    });
    UrlState { query, path, navigate: StoredValue::new_local(Box::new(navigate)) }
}

impl UrlState {
    pub(crate) fn get(self, name: &str) -> Option<String> {
        self.query.with(|query| query.get(name).map(str::to_owned))
    }

    /// A value that recomputes only when it itself changes.
    pub(crate) fn value(self, name: &'static str) -> Memo<Option<String>> {
        Memo::new(move |_| self.get(name))
    }

    /// This page with some of its state changed; an empty value removes.
    pub(crate) fn href(self, changes: &[(&str, &str)]) -> String {
        let search = self.query.get().with(changes).to_search();
        format!("{}{search}", self.path.get())
    }

    /// Changes state as a step that the back button undoes.
    pub(crate) fn push(self, changes: &[(&str, &str)]) {
        self.go(changes, false);
    }

    /// Changes state in place: typing in a search field is not a step.
    pub(crate) fn replace(self, changes: &[(&str, &str)]) {
        self.go(changes, true);
    }

    fn go(self, changes: &[(&str, &str)], replace: bool) {
        let href = untrack(|| self.href(changes));
        let options = NavigateOptions { replace, scroll: false, ..no_resolve() };
        self.navigate.with_value(|navigate| navigate(&href, options));
    }
}

/// For paths that already begin with the console's root.
pub(crate) fn no_resolve() -> NavigateOptions {
    NavigateOptions { resolve: false, ..NavigateOptions::default() }
}
