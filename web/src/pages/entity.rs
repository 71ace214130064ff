//! What teams, users, customers and organizations have in common: a name, models, limits, spend. One list, one drawer
//! and one form serve them all; what is special about each is in its own module.

pub(crate) mod column;
mod create;
mod detail;
mod draft;
mod edit;
pub(crate) mod fact;
mod fields;
mod keys;
mod list;

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use tollgate_openapi::key::KeyListQuery;
use tollgate_openapi::limit::{LimitStanding, LimitView};

use crate::api::{ApiError, Listed};
pub(crate) use crate::pages::entity::draft::{EntityPatch, NewEntity};
pub(crate) use crate::pages::entity::list::EntityPage;
use crate::ui::icon::Icon;
use crate::ui::table::Column;

/// Which of them a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Find {
    /// Part of a name or an id.
    pub(crate) search: Option<String>,
    /// From 1.
    pub(crate) page: u64,
    pub(crate) page_size: u64,
}

/// The words and fields of a resource.
#[derive(Debug)]
pub(crate) struct Words {
    /// One and many: "team", "teams". The first is also its name in the URL.
    pub(crate) nouns: (&'static str, &'static str),
    pub(crate) title: &'static str,
    /// One line on what the page is for.
    pub(crate) lead: &'static str,
    /// What to do where there is none yet.
    pub(crate) empty: &'static str,
    /// What follows from deleting one.
    pub(crate) delete: &'static str,
    /// What follows from blocking one; empty where it cannot be blocked.
    pub(crate) block: &'static str,
    /// Wire name of the id, where a person chooses it.
    pub(crate) id_field: Option<&'static str>,
    /// Wire name of the name.
    pub(crate) name_field: &'static str,
    pub(crate) has_models: bool,
    /// Further views of one, by the word in the URL.
    pub(crate) tabs: &'static [(&'static str, &'static str)],
}

/// When something happened, and who did it.
pub(crate) type Event<'a> = (DateTime<Utc>, Option<&'a str>);

/// Made, and last changed.
pub(crate) type History<'a> = (Event<'a>, Event<'a>);

/// Something on its way that answers only whether it worked.
pub(crate) type Done = Pin<Box<dyn Future<Output = Result<(), ApiError>>>>;

/// Something that has limits of its own.
pub(crate) trait Entity: Clone + Debug + PartialEq + Send + Sync + 'static {
    const WORDS: &'static Words;
    const ART: Icon;

    fn columns() -> &'static [Column<Self>];

    fn id(&self) -> &str;
    fn name(&self) -> Option<&str>;
    fn models(&self) -> &[String];
    fn limits(&self) -> &LimitView;
    fn standing(&self) -> &LimitStanding;
    /// When it was made and when it last changed, each with who did it.
    fn history(&self) -> History<'_>;

    fn is_blocked(&self) -> bool {
        false
    }

    /// What else is known of it.
    fn facts(&self) -> AnyView;
    /// A view that only this resource has, by its word among the tabs.
    fn tab(&self, _word: &str) -> Option<AnyView> {
        None
    }
    /// Its keys; asked for where `keys` is among the tabs.
    fn keys(&self) -> KeyListQuery {
        KeyListQuery::default()
    }

    fn list(find: Find) -> impl Future<Output = Result<Listed<Self>, ApiError>>;
    fn info(id: String) -> impl Future<Output = Result<Self, ApiError>>;
    fn create(new: NewEntity) -> impl Future<Output = Result<(), ApiError>>;
    fn update(id: String, patch: EntityPatch) -> impl Future<Output = Result<(), ApiError>>;
    fn delete(id: String) -> impl Future<Output = Result<(), ApiError>>;

    /// Blocks it or lets it work again; `None` where that cannot be done.
    fn set_blocked(_id: String, _is_blocked: bool) -> Option<Done> {
        None
    }

    /// What people call it.
    fn label(&self) -> String {
        self.name().unwrap_or_else(|| self.id()).to_owned()
    }
}
