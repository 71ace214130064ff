//! Tags: names that calls carry, whoever makes them.

use leptos::prelude::*;
use tollgate_openapi::policy::PolicyExplain;
use tollgate_openapi::tag::{TagCreate, TagListQuery, TagPatch, TagView};

use crate::api;
use crate::api::{ApiError, Listed, STATUS_NOT_FOUND};
use crate::app::use_session;
use crate::pages::entity::column;
use crate::pages::entity::fact::facts;
use crate::pages::entity::{Entity, EntityPatch, Find, Named, NewEntity, Words, common_fields};
use crate::ui::icon::Icon;
use crate::ui::table::{CSV_ONLY, Column};

static WORDS: Words = Words {
    nouns: ("tag", "tags"),
    title: "Tags",
    lead: "What calls are for, such as a feature or a project. Calls carry tags, or their key does.",
    limits: "What limits this tag",
    empty: "Register a tag to limit all calls that carry it together, whichever keys they are made with.",
    delete: "Its limits go with it: calls that carry it pass as if it had none. What was spent stays in the ledger. This cannot be undone.",
    block: "",
    search: "Search by name or description",
    id: Some(Named { field: "name", label: "Name", hint: "What calls carry. It does not change later." }),
    name: Named { field: "description", label: "Description", hint: "What it is for." },
    extras: &[],
    offer: None,
    has_models: true,
    tabs: &[("", "Limits"), ("details", "Details")],
    forms: &[],
};

static COLUMNS: &[Column<TagView>] = &[
    Column { title: "Tag", class: "", sort: None, cell: name_cell, csv: |tag| tag.name.clone() },
    Column {
        title: "Description",
        class: CSV_ONLY,
        sort: None,
        cell: |_| ().into_any(),
        csv: |tag| tag.description.clone().unwrap_or_default(),
    },
    column::state(),
    column::budget_used(),
    column::max_budget(),
    column::total_spend(),
    column::created(),
];

/// The name, with what it is for below it.
fn name_cell(tag: &TagView) -> AnyView {
    let (name, text) = (tag.name.clone(), tag.description.clone());
    view! {
        <span class="stack">
            <span class="strong ellipsis" title=name.clone()>{name.clone()}</span>
            {text.map(|text| view! { <span class="muted ellipsis" title=text.clone()>{text.clone()}</span> })}
        </span>
    }
    .into_any()
}

impl Entity for TagView {
    const WORDS: &'static Words = &WORDS;
    const ART: Icon = Icon::Tag;

    common_fields!(history);

    fn id(&self) -> &str {
        &self.name
    }

    fn name(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Calls know it by its id; its name only says what it is for.
    fn label_of(id: &str, _name: Option<&str>) -> String {
        id.to_owned()
    }

    fn facts(&self) -> AnyView {
        facts(self, self.description.clone().map(|text| view! { <dt>"Description"</dt><dd>{text}</dd> }))
    }

    /// Whoever calls: what limits the tag is the same.
    fn question(&self) -> Option<PolicyExplain> {
        let user_id = use_session().view()?.user_id;
        let tags = vec![self.name.clone()];
        Some(PolicyExplain { user_id: Some(user_id), tags, ..PolicyExplain::default() })
    }

    async fn list(find: Find) -> Result<Listed<Self>, ApiError> {
        let Find { search, page, page_size } = find;
        api::tag::list(TagListQuery { search, page, page_size, ..TagListQuery::default() }).await
    }

    async fn info(id: String) -> Result<Self, ApiError> {
        let found = api::tag::info(&id).await?;
        found.ok_or_else(|| ApiError::new(STATUS_NOT_FOUND, "There is no such tag. It may have been deleted."))
    }

    async fn create(new: NewEntity) -> Result<Option<ViewFn>, ApiError> {
        let NewEntity { id, name, models, limits, budget_id, .. } = new;
        let tag = TagCreate {
            name: id.unwrap_or_default(),
            description: name,
            models,
            limits,
            budget_id,
            ..TagCreate::default()
        };
        api::tag::create(&tag).await.map(|()| None)
    }

    async fn update(id: String, patch: EntityPatch) -> Result<(), ApiError> {
        let EntityPatch { seen, name, models, limits, budget_id, .. } = patch;
        let patch = TagPatch { name: id, description: name, models, limits, budget_id, ..TagPatch::default() };
        api::tag::update(&patch, seen).await
    }

    async fn delete(id: String) -> Result<(), ApiError> {
        api::tag::delete(&id).await
    }
}
