//! Organizations: the tenants.

mod member;

use leptos::prelude::*;
use tollgate_openapi::key::KeyListQuery;
use tollgate_openapi::organization::{OrganizationCreate, OrganizationListQuery, OrganizationPatch, OrganizationView};
use tollgate_openapi::patch::Patch;
use tollgate_openapi::policy::PolicyExplain;

use crate::api;
use crate::api::{ApiError, Listed};
use crate::format;
use crate::pages::entity::column;
use crate::pages::entity::fact::{facts, teams};
use crate::pages::entity::{Entity, EntityPatch, Extra, Find, Named, NewEntity, Words, common_fields};
use crate::pages::organization::member::Members;
use crate::ui::icon::Icon;
use crate::ui::table::Column;

static WORDS: Words = Words {
    nouns: ("organization", "organizations"),
    title: "Organizations",
    lead: "Tenants. The limits of an organization hold for all its teams and keys together.",
    limits: "What limits this organization",
    empty: "An organization gives teams and keys one budget, in windows of its own time zone.",
    delete: "Its teams and keys are deleted with it, and applications that use them are refused at once. What it spent stays in the ledger. This cannot be undone.",
    block: "",
    search: "Search by name or id",
    id: Some(Named {
        field: "organization_id",
        label: "Id",
        hint: "It does not change later. Left empty, one is made up.",
    }),
    name: Named { field: "organization_alias", label: "Name", hint: "What people call it." },
    extras: &[
        Extra {
            named: Named {
                field: "timezone",
                label: "Time zone",
                hint: "Whose days and months its budgets, and those of its teams and keys, follow. Left empty: the gateway's.",
            },
            placeholder: "Europe/Berlin",
            choice: None,
        },
        Extra {
            named: Named {
                field: "cost_center",
                label: "Cost centre",
                hint: "What finance books its spend to, and that of its teams without one of their own.",
            },
            placeholder: "CC-100",
            choice: None,
        },
    ],
    offer: None,
    has_models: true,
    tabs: &[("", "Limits"), ("keys", "Keys"), ("members", "Members"), ("details", "Details")],
    forms: member::FORMS,
};

static COLUMNS: &[Column<OrganizationView>] = &[
    column::name("Organization"),
    column::id(),
    column::state(),
    column::budget_used(),
    column::max_budget(),
    column::total_spend(),
    Column {
        title: "Teams",
        class: "end third",
        sort: None,
        cell: |organization| format::whole_u64(team_count(organization)).into_any(),
        csv: |organization| team_count(organization).to_string(),
    },
    Column {
        title: "Members",
        class: "end third",
        sort: None,
        cell: |organization| format::whole_u64(organization.members_count).into_any(),
        csv: |organization| organization.members_count.to_string(),
    },
    column::created(),
];

fn team_count(organization: &OrganizationView) -> u64 {
    u64::try_from(organization.teams.len()).unwrap_or(u64::MAX)
}

impl Entity for OrganizationView {
    const WORDS: &'static Words = &WORDS;
    const ART: Icon = Icon::Organization;

    common_fields!(history);

    fn id(&self) -> &str {
        &self.organization_id
    }

    fn name(&self) -> Option<&str> {
        Some(&self.organization_alias)
    }

    fn extra(&self, field: &str) -> Option<&str> {
        if field == "cost_center" { self.cost_center.as_deref() } else { self.timezone.as_deref() }
    }

    fn facts(&self) -> AnyView {
        let own = view! {
            <dt>"Time zone"</dt><dd>{self.timezone.clone().unwrap_or_else(|| "the gateway's".to_owned())}</dd>
            <dt>"Cost centre"</dt><dd>{self.cost_center.clone().unwrap_or_else(|| "none".to_owned())}</dd>
            {teams(&self.teams)}
        };
        facts(self, own)
    }

    fn tab(&self, word: &str) -> Option<AnyView> {
        (word == "members").then(|| view! { <Members organization_id=self.organization_id.clone() /> }.into_any())
    }

    fn form(&self, name: &str, value: &str, on_done: Callback<()>, on_change: Callback<()>) -> Option<AnyView> {
        member::form(&self.organization_id, name, value, on_done, on_change)
    }

    /// What limits it is the same for each of its teams; without one, nobody can be asked about.
    fn question(&self) -> Option<PolicyExplain> {
        let team_id = self.teams.first()?.clone();
        Some(PolicyExplain { team_id: Some(team_id), ..PolicyExplain::default() })
    }

    fn keys(&self) -> KeyListQuery {
        KeyListQuery { organization_id: Some(self.organization_id.clone()), ..KeyListQuery::default() }
    }

    async fn list(find: Find) -> Result<Listed<Self>, ApiError> {
        let Find { search, page, page_size } = find;
        let query = OrganizationListQuery { search, page, page_size, ..OrganizationListQuery::default() };
        api::organization::list(query).await
    }

    async fn info(id: String) -> Result<Self, ApiError> {
        Ok(api::organization::info(&id).await?.organization)
    }

    async fn create(new: NewEntity) -> Result<Option<ViewFn>, ApiError> {
        let (timezone, cost_center) = (new.extra("timezone"), new.extra("cost_center"));
        let NewEntity { id, name, models, limits, budget_id, .. } = new;
        let organization = OrganizationCreate {
            organization_id: id,
            organization_alias: name.unwrap_or_default(),
            timezone,
            cost_center,
            models,
            limits,
            budget_id,
            ..OrganizationCreate::default()
        };
        api::organization::create(&organization).await.map(|()| None)
    }

    async fn update(id: String, patch: EntityPatch) -> Result<(), ApiError> {
        let (timezone, cost_center) = (patch.extra("timezone"), patch.extra("cost_center"));
        let EntityPatch { seen, name, models, limits, budget_id, .. } = patch;
        let organization_alias = match name {
            Patch::Absent => None,
            // It must have a name: the server says so.
            Patch::Clear => Some(String::new()),
            Patch::Set(name) => Some(name),
        };
        let patch = OrganizationPatch {
            organization_id: id,
            organization_alias,
            timezone,
            cost_center,
            models,
            limits,
            budget_id,
            ..OrganizationPatch::default()
        };
        api::organization::update(&patch, seen).await
    }

    async fn delete(id: String) -> Result<(), ApiError> {
        api::organization::delete(&id).await
    }
}
