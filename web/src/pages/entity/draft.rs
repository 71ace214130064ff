//! What somebody typed about a team, user, customer, organization or tag, and what it means for the API. Pure.

use std::collections::BTreeMap;

use tollgate_openapi::limit::LimitPatch;
use tollgate_openapi::patch::Patch;

use crate::api::Seen;
use crate::input::{change, some_text};
use crate::keyed::keyed;
use crate::pages::entity::{Entity, Words};
use crate::pages::limit::draft::{Errors, LimitDraft, Limits};

/// The fields as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The fields that only this resource has, by their wire names.
    pub(crate) extras: BTreeMap<&'static str, String>,
    /// What is offered for a new one is taken up.
    pub(crate) takes_offer: bool,
    pub(crate) models: Vec<String>,
    pub(crate) limits: LimitDraft,
    pub(crate) budget_id: String,
}

/// One to be made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NewEntity {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) extras: BTreeMap<&'static str, String>,
    pub(crate) takes_offer: bool,
    pub(crate) models: Vec<String>,
    pub(crate) limits: LimitPatch,
    pub(crate) budget_id: Patch<String>,
}

/// What changes of one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EntityPatch {
    pub(crate) seen: Seen,
    pub(crate) name: Patch<String>,
    pub(crate) extras: BTreeMap<&'static str, Patch<String>>,
    pub(crate) models: Patch<Vec<String>>,
    pub(crate) limits: LimitPatch,
    pub(crate) budget_id: Patch<String>,
}

impl NewEntity {
    /// What was typed into a field of its own.
    pub(crate) fn extra(&self, field: &str) -> Option<String> {
        self.extras.get(field).cloned()
    }
}

impl EntityPatch {
    /// What changes of a field of its own.
    pub(crate) fn extra(&self, field: &str) -> Patch<String> {
        self.extras.get(field).cloned().unwrap_or_default()
    }
}

/// Apart from what is compiled for every resource, as is what follows.
fn extras_of(words: &Words, value: &dyn Fn(&str) -> String) -> BTreeMap<&'static str, String> {
    keyed(&mut words.extras.iter().map(|extra| (extra.named.field, value(extra.named.field))))
}

impl Draft {
    fn changed_extras(&self, before: &dyn Fn(&str) -> Option<String>) -> BTreeMap<&'static str, Patch<String>> {
        let changes = self.extras.iter().map(|(field, text)| (*field, change(&some_text(text), &before(field))));
        keyed(&mut changes.filter(|(_, change)| !change.is_absent()))
    }

    pub(crate) fn of<E: Entity>(entity: &E) -> Self {
        Self {
            id: entity.id().to_owned(),
            name: entity.name().unwrap_or_default().to_owned(),
            extras: extras_of(E::WORDS, &|field| entity.extra(field).unwrap_or_default().to_owned()),
            takes_offer: false,
            models: entity.models().to_vec(),
            limits: LimitDraft::from(&Limits::from(entity.limits())),
            budget_id: entity.standing().budget_id.clone().unwrap_or_default(),
        }
    }

    /// The new one, or what is wrong with which field.
    pub(crate) fn to_new(&self) -> Result<NewEntity, Errors> {
        Ok(NewEntity {
            id: some_text(&self.id),
            name: some_text(&self.name),
            extras: keyed(&mut self.extras.iter().filter_map(|(field, text)| Some((*field, some_text(text)?)))),
            takes_offer: self.takes_offer,
            models: self.models.clone(),
            limits: self.limits.parse()?.to_patch(&Limits::default()),
            budget_id: change(&some_text(&self.budget_id), &None),
        })
    }

    /// What changed against `before`, or what is wrong with which field.
    pub(crate) fn to_patch<E: Entity>(&self, before: &E) -> Result<EntityPatch, Errors> {
        Ok(EntityPatch {
            seen: Some(before.history().1.0),
            name: change(&some_text(&self.name), &before.name().map(str::to_owned)),
            extras: self.changed_extras(&|field| before.extra(field).map(str::to_owned)),
            models: if self.models == before.models() { Patch::Absent } else { Patch::Set(self.models.clone()) },
            limits: self.limits.parse()?.to_patch(&Limits::from(before.limits())),
            budget_id: change(&some_text(&self.budget_id), &before.standing().budget_id),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate_openapi::money::NanoUsd;
    use tollgate_openapi::team::TeamView;

    fn team() -> TeamView {
        serde_json::from_value(serde_json::json!({
            "team_id": "5b1a", "team_alias": "checkout", "organization_id": null, "models": ["gpt-4o"], "metadata": {},
            "blocked": false, "members_with_roles": [], "members_count": 0, "keys_count": 0, "max_budget": 500.0,
            "soft_budget": null, "budget_duration": "1mo", "max_parallel_requests": null, "rpm_limit": null,
            "tpm_limit": null, "budget_id": "starter", "litellm_budget_table": null, "spend": 0.0, "total_spend": 0.0,
            "budget_reset_at": null, "created_at": "2026-11-01T08:00:00Z", "created_by": null,
            "updated_at": "2026-11-01T08:00:00Z", "updated_by": null
        }))
        .unwrap()
    }

    #[test]
    fn an_unchanged_draft_patches_nothing() {
        let patch = Draft::of(&team()).to_patch(&team()).unwrap();
        let nothing = EntityPatch {
            seen: Some(team().updated_at),
            name: Patch::Absent,
            extras: BTreeMap::new(),
            models: Patch::Absent,
            limits: LimitPatch::default(),
            budget_id: Patch::Absent,
        };
        assert_eq!(patch, nothing);
    }

    #[test]
    fn a_patch_says_only_what_changed() {
        let before = Draft::of(&team());
        let limits = LimitDraft { max_budget: "750".to_owned(), ..before.limits.clone() };
        let patch = Draft { budget_id: String::new(), limits, ..before }.to_patch(&team()).unwrap();
        assert_eq!(patch.budget_id, Patch::Clear);
        assert_eq!(patch.limits.max_budget, Patch::Set(NanoUsd(750_000_000_000)));
        assert!(patch.limits.budget_duration.is_absent() && patch.models.is_absent());
    }

    #[test]
    fn an_empty_draft_sets_nothing() {
        let new = Draft::default().to_new().unwrap();
        assert!(new.limits.is_empty() && new.budget_id.is_absent() && new.id.is_none());
    }
}
