//! Customers: the end users that calls name in their field `user`.

use leptos::prelude::*;
use tollgate_openapi::customer::{CustomerCreate, CustomerListQuery, CustomerPatch, CustomerView};
use tollgate_openapi::policy::PolicyExplain;

use crate::api;
use crate::api::{ApiError, Listed};
use crate::app::use_session;
use crate::pages::entity::column;
use crate::pages::entity::fact::facts;
use crate::pages::entity::{Done, Entity, EntityPatch, Find, Named, NewEntity, Words, common_fields};
use crate::ui::icon::Icon;
use crate::ui::table::Column;

static WORDS: Words = Words {
    nouns: ("customer", "customers"),
    title: "Customers",
    lead: "Those whom applications serve. A call names its customer in its field “user”.",
    limits: "What limits this customer",
    empty: "Register a customer to limit what calls for them may spend. Calls for anybody else pass without such a limit.",
    delete: "Its limits go with it: calls for it pass like those for anybody else. What was spent on it stays in the ledger. This cannot be undone.",
    block: "Calls that name it are refused at once, until it is unblocked.",
    search: "Search by name or id",
    id: Some(Named {
        field: "user_id",
        label: "Id",
        hint: "What calls name in their field “user”. It does not change later.",
    }),
    name: Named { field: "alias", label: "Name", hint: "What people call it." },
    extras: &[],
    offer: None,
    has_models: true,
    tabs: &[("", "Limits"), ("details", "Details")],
    forms: &[],
};

static COLUMNS: &[Column<CustomerView>] = &[
    column::name("Customer"),
    column::id(),
    column::state(),
    column::budget_used(),
    column::max_budget(),
    column::total_spend(),
    column::created(),
];

impl Entity for CustomerView {
    const WORDS: &'static Words = &WORDS;
    const ART: Icon = Icon::Customer;

    common_fields!(history);

    fn id(&self) -> &str {
        &self.user_id
    }

    fn name(&self) -> Option<&str> {
        self.alias.as_deref()
    }

    fn is_blocked(&self) -> bool {
        self.blocked
    }

    fn facts(&self) -> AnyView {
        facts(self, ())
    }

    /// Whoever calls: what limits the customer is the same.
    fn question(&self) -> Option<PolicyExplain> {
        let user_id = use_session().view()?.user_id;
        let end_user = Some(self.user_id.clone());
        Some(PolicyExplain { user_id: Some(user_id), end_user, ..PolicyExplain::default() })
    }

    async fn list(find: Find) -> Result<Listed<Self>, ApiError> {
        let Find { search, page, page_size } = find;
        api::customer::list(CustomerListQuery { search, page, page_size, ..CustomerListQuery::default() }).await
    }

    async fn info(id: String) -> Result<Self, ApiError> {
        api::customer::info(&id).await
    }

    async fn create(new: NewEntity) -> Result<Option<ViewFn>, ApiError> {
        let NewEntity { id, name, models, limits, budget_id, .. } = new;
        let user_id = id.unwrap_or_default();
        let customer = CustomerCreate { user_id, alias: name, models, limits, budget_id, ..CustomerCreate::default() };
        api::customer::create(&customer).await.map(|()| None)
    }

    async fn update(id: String, patch: EntityPatch) -> Result<(), ApiError> {
        let EntityPatch { seen, name, models, limits, budget_id, .. } = patch;
        let patch = CustomerPatch { user_id: id, alias: name, models, limits, budget_id, ..CustomerPatch::default() };
        api::customer::update(&patch, seen).await
    }

    fn set_blocked(id: String, is_blocked: bool) -> Option<Done> {
        Some(Box::pin(async move { api::customer::set_blocked(&id, is_blocked).await }))
    }

    async fn delete(id: String) -> Result<(), ApiError> {
        api::customer::delete(&id).await
    }
}
