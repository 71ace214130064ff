//! What teams, users, customers, organizations and tags have in common: a name, models, limits, spend. One list, one
//! drawer and one form serve them all; what is special about each is in its own module.

pub(crate) mod column;
mod create;
mod detail;
mod draft;
mod edit;
pub(crate) mod fact;
mod fields;
mod keys;
mod limits;
mod list;

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use tollgate_openapi::key::KeyListQuery;
use tollgate_openapi::limit::{LimitStanding, LimitView};
use tollgate_openapi::policy::PolicyExplain;

use crate::api::{ApiError, Listed};
use crate::app::SessionSignal;
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
    /// Above the limits of one.
    pub(crate) limits: &'static str,
    /// What to do where there is none yet.
    pub(crate) empty: &'static str,
    /// What follows from deleting one.
    pub(crate) delete: &'static str,
    /// What follows from blocking one; empty where it cannot be blocked.
    pub(crate) block: &'static str,
    /// What the search looks at.
    pub(crate) search: &'static str,
    /// The field of the id, where a person chooses it.
    pub(crate) id: Option<Named>,
    /// The field of the name.
    pub(crate) name: Named,
    /// Fields that only this resource has.
    pub(crate) extras: &'static [Extra],
    /// What can be done at once with a new one.
    pub(crate) offer: Option<Offer>,
    pub(crate) has_models: bool,
    /// Further views of one, by the word in the URL.
    pub(crate) tabs: &'static [(&'static str, &'static str)],
    /// Names in the URL that open a form of this resource's own in the drawer.
    pub(crate) forms: &'static [&'static str],
}

/// A field of text: its wire name, and what a person reads.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) field: &'static str,
    pub(crate) label: &'static str,
    pub(crate) hint: &'static str,
}

/// What there is to choose from: values and texts.
pub(crate) type Choices = Pin<Box<dyn Future<Output = Result<Vec<(String, String)>, ApiError>>>>;

/// A field that only one resource has.
#[derive(Debug)]
pub(crate) struct Extra {
    pub(crate) named: Named,
    pub(crate) placeholder: &'static str,
    /// Where it is a choice of what there is.
    pub(crate) choice: Option<Choice>,
}

/// What can be done at once with a new one, where a field of its own says something.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) field: &'static str,
    pub(crate) label: &'static str,
}

/// A choice of what there is.
#[derive(Debug)]
pub(crate) struct Choice {
    /// Asked for when the form opens.
    pub(crate) options: fn() -> Choices,
    /// What it says where nothing is chosen.
    pub(crate) nothing: &'static str,
    /// Once something is chosen, something always is.
    pub(crate) stays: bool,
}

/// When something happened, and who did it.
pub(crate) type Event<'a> = (DateTime<Utc>, Option<&'a str>);

/// Made, and last changed.
pub(crate) type History<'a> = (Event<'a>, Event<'a>);

/// Something on its way that answers only whether it worked.
pub(crate) type Done = Pin<Box<dyn Future<Output = Result<(), ApiError>>>>;

/// What the views of all resources spell alike, of [`Entity`]; with `history`, also who made and changed it.
macro_rules! common_fields {
    () => {
        fn columns() -> &'static [$crate::ui::table::Column<Self>] {
            COLUMNS
        }

        fn models(&self) -> &[String] {
            &self.models
        }

        fn limits(&self) -> &tollgate_openapi::limit::LimitView {
            &self.limits
        }

        fn standing(&self) -> &tollgate_openapi::limit::LimitStanding {
            &self.standing
        }
    };
    (history) => {
        $crate::pages::entity::common_fields!();

        fn history(&self) -> $crate::pages::entity::History<'_> {
            ((self.created_at, self.created_by.as_deref()), (self.updated_at, self.updated_by.as_deref()))
        }
    };
}
pub(crate) use common_fields;

/// Something that has limits of its own.
pub(crate) trait Entity: Clone + Debug + PartialEq + Send + Sync + 'static {
    const WORDS: &'static Words;
    const ART: Icon;
    /// Calls are made in its name: what limits it is not all that limits them.
    const IS_CALLER: bool = false;

    fn columns() -> &'static [Column<Self>];

    fn id(&self) -> &str;
    fn name(&self) -> Option<&str>;
    /// The value of a field of its own, by the wire name.
    fn extra(&self, _field: &str) -> Option<&str> {
        None
    }
    fn models(&self) -> &[String];
    fn limits(&self) -> &LimitView;
    fn standing(&self) -> &LimitStanding;
    /// When it was made and when it last changed, each with who did it.
    fn history(&self) -> History<'_>;

    fn is_blocked(&self) -> bool {
        false
    }

    /// May the reader make one? The server decides; this only hides what it would refuse.
    fn may_create(session: SessionSignal) -> bool {
        session.is_admin()
    }
    /// May the reader change and delete it? As above.
    fn may_change(&self, session: SessionSignal) -> bool {
        session.is_admin()
    }

    /// What else is known of it.
    fn facts(&self) -> AnyView;
    /// What can be done with it alone, beside its state.
    fn head(&self, _session: SessionSignal) -> Option<AnyView> {
        None
    }
    /// A view that only this resource has, by its word among the tabs.
    fn tab(&self, _word: &str) -> Option<AnyView> {
        None
    }
    /// A form of its own, by its name and value in the URL. The callbacks lead back, and tell that something changed.
    fn form(&self, _name: &str, _value: &str, _on_done: Callback<()>, _on_change: Callback<()>) -> Option<AnyView> {
        None
    }
    /// A call that its limits bind, but for the model; `None` where nobody can be named who would make it.
    fn question(&self) -> Option<PolicyExplain> {
        None
    }
    /// Its keys; asked for where `keys` is among the tabs.
    fn keys(&self) -> KeyListQuery {
        KeyListQuery::default()
    }

    fn list(find: Find) -> impl Future<Output = Result<Listed<Self>, ApiError>>;
    fn info(id: String) -> impl Future<Output = Result<Self, ApiError>>;
    /// Makes one; what is to be read once it is made, where there is something.
    fn create(new: NewEntity) -> impl Future<Output = Result<Option<ViewFn>, ApiError>>;
    fn update(id: String, patch: EntityPatch) -> impl Future<Output = Result<(), ApiError>>;
    fn delete(id: String) -> impl Future<Output = Result<(), ApiError>>;

    /// Blocks it or lets it work again; `None` where that cannot be done.
    fn set_blocked(_id: String, _is_blocked: bool) -> Option<Done> {
        None
    }

    /// What people call the one of this id and name.
    fn label_of(id: &str, name: Option<&str>) -> String {
        name.unwrap_or(id).to_owned()
    }

    /// What people call it.
    fn label(&self) -> String {
        Self::label_of(self.id(), self.name())
    }
}
