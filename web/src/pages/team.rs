//! Teams.

mod member;

use leptos::prelude::*;
use tollgate_openapi::key::KeyListQuery;
use tollgate_openapi::organization::OrganizationListQuery;
use tollgate_openapi::policy::PolicyExplain;
use tollgate_openapi::team::{TeamCreate, TeamListQuery, TeamPatch, TeamView};

use crate::api;
use crate::api::{ApiError, Listed};
use crate::app::SessionSignal;
use crate::format;
use crate::pages::entity::column;
use crate::pages::entity::fact::{ORGANIZATION, facts, owner};
use crate::pages::entity::{Choice, Done, Entity, EntityPatch, Extra, Find, Named, NewEntity, Words, common_fields};
use crate::pages::team::member::Members;
use crate::ui::icon::Icon;
use crate::ui::table::Column;

static WORDS: Words = Words {
    nouns: ("team", "teams"),
    title: "Teams",
    lead: "Keys and people that share limits.",
    limits: "What limits this team",
    empty: "A team gives several keys and people one budget, and each member a part of it.",
    delete: "Its keys are deleted with it, and applications that use them are refused at once. What it spent stays in the ledger. This cannot be undone.",
    block: "Applications that use its keys are refused at once, until it is unblocked.",
    search: "Search by name or id",
    id: None,
    name: Named { field: "team_alias", label: "Name", hint: "What people call it." },
    extras: &[
        Extra {
            named: Named {
                field: "organization_id",
                label: "Organization",
                hint: "Its limits hold for the team, too.",
            },
            placeholder: "",
            choice: Some(Choice { options: || Box::pin(organizations()), nothing: "None", stays: false }),
        },
        Extra {
            named: Named {
                field: "cost_center",
                label: "Cost centre",
                hint: "What finance books its spend to. Left empty: its organization's.",
            },
            placeholder: "CC-100",
            choice: None,
        },
    ],
    offer: None,
    has_models: true,
    tabs: &[
        ("", "Limits"),
        ("explain", "Would a call pass?"),
        ("keys", "Keys"),
        ("members", "Members"),
        ("details", "Details"),
    ],
    forms: member::FORMS,
};

static COLUMNS: &[Column<TeamView>] = &[
    column::name("Team"),
    column::id(),
    column::state(),
    column::budget_used(),
    column::max_budget(),
    column::total_spend(),
    Column {
        title: "Keys",
        class: "end third",
        sort: None,
        cell: |team| format::whole_u64(team.keys_count).into_any(),
        csv: |team| team.keys_count.to_string(),
    },
    Column {
        title: "Members",
        class: "end third",
        sort: None,
        cell: |team| format::whole_u64(team.members_count).into_any(),
        csv: |team| team.members_count.to_string(),
    },
    column::created(),
];

impl Entity for TeamView {
    const WORDS: &'static Words = &WORDS;
    const ART: Icon = Icon::Team;
    const IS_CALLER: bool = true;

    common_fields!(history);

    fn id(&self) -> &str {
        &self.team_id
    }

    fn name(&self) -> Option<&str> {
        self.team_alias.as_deref()
    }

    fn extra(&self, field: &str) -> Option<&str> {
        if field == "cost_center" { self.cost_center.as_deref() } else { self.organization_id.as_deref() }
    }

    fn is_blocked(&self) -> bool {
        self.blocked
    }

    fn may_create(session: SessionSignal) -> bool {
        session.is_admin() || session.administers_any()
    }

    fn may_change(&self, session: SessionSignal) -> bool {
        session.is_admin() || self.organization_id.as_deref().is_some_and(|id| session.administers(id))
    }

    fn facts(&self) -> AnyView {
        let own = view! {
            {owner("Organization", self.organization_id.as_deref(), ORGANIZATION)}
            <dt>"Cost centre"</dt>
            <dd>{self.cost_center.clone().unwrap_or_else(|| "its organization's".to_owned())}</dd>
        };
        facts(self, own.into_any())
    }

    fn tab(&self, word: &str) -> Option<AnyView> {
        (word == "members").then(|| view! { <Members team=self.clone() /> }.into_any())
    }

    fn form(&self, name: &str, value: &str, on_done: Callback<()>, on_change: Callback<()>) -> Option<AnyView> {
        member::form(self, name, value, on_done, on_change)
    }

    fn question(&self) -> Option<PolicyExplain> {
        Some(PolicyExplain { team_id: Some(self.team_id.clone()), ..PolicyExplain::default() })
    }

    fn keys(&self) -> KeyListQuery {
        KeyListQuery { team_id: Some(self.team_id.clone()), ..KeyListQuery::default() }
    }

    async fn list(find: Find) -> Result<Listed<Self>, ApiError> {
        let Find { search, page, page_size } = find;
        let query = TeamListQuery { search, page: Some(page), page_size: Some(page_size), ..TeamListQuery::default() };
        api::team::list(query).await
    }

    async fn info(id: String) -> Result<Self, ApiError> {
        Ok(api::team::info(&id).await?.team_info)
    }

    async fn create(new: NewEntity) -> Result<Option<ViewFn>, ApiError> {
        let (organization_id, cost_center) = (new.extra("organization_id"), new.extra("cost_center"));
        let NewEntity { name, models, limits, budget_id, .. } = new;
        let team = TeamCreate {
            team_alias: name,
            organization_id,
            cost_center,
            models,
            limits,
            budget_id,
            ..TeamCreate::default()
        };
        api::team::create(&team).await.map(|()| None)
    }

    async fn update(id: String, patch: EntityPatch) -> Result<(), ApiError> {
        let (organization_id, cost_center) = (patch.extra("organization_id"), patch.extra("cost_center"));
        let EntityPatch { seen, name, models, limits, budget_id, .. } = patch;
        let patch = TeamPatch {
            team_id: id,
            team_alias: name,
            organization_id,
            cost_center,
            models,
            limits,
            budget_id,
            ..TeamPatch::default()
        };
        api::team::update(&patch, seen).await
    }

    fn set_blocked(id: String, is_blocked: bool) -> Option<Done> {
        Some(Box::pin(async move { api::team::set_blocked(&id, is_blocked).await }))
    }

    async fn delete(id: String) -> Result<(), ApiError> {
        api::team::delete(&id).await
    }
}

/// Organizations offered to a team at once.
const ORGANIZATIONS_OFFERED: u64 = 1000;

/// The organizations that a team can be in.
pub(crate) async fn organizations() -> Result<Vec<(String, String)>, ApiError> {
    let query = OrganizationListQuery { page_size: ORGANIZATIONS_OFFERED, ..OrganizationListQuery::default() };
    let listed = api::organization::list(query).await?;
    Ok(listed.rows.into_iter().map(|one| (one.organization_id, one.organization_alias)).collect())
}
