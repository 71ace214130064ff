//! What limits a team, user, customer, organization or tag.

use leptos::prelude::*;

use crate::pages::entity::Entity;
use crate::pages::limit::in_force::{Attached, InForce, ModelFacts, budget, in_force};
use crate::pages::policy::limits::Limits;
use crate::pages::policy::scope::ScopeLimits;

/// What is left now, of its own and of all that calls in its name are charged to.
pub(crate) fn limits_view<E: Entity>(entity: &E) -> AnyView {
    let (limits, standing) = (entity.limits(), entity.standing());
    let Some(who) = entity.question() else {
        return view! { <InForce own=limits.clone() standing=standing.clone() /> }.into_any();
    };
    let (noun, _) = E::WORDS.nouns;
    let own = ScopeLimits::new(noun, entity.id(), &entity.label()).with_budget(Some(budget(limits, standing)));
    view! {
        <Limits title=E::WORDS.limits own=own who=who allowed=entity.models().to_vec() is_alone=!E::IS_CALLER />
        <ModelFacts limits=in_force(limits, standing).clone() />
        <Attached standing=standing.clone() />
    }
    .into_any()
}
