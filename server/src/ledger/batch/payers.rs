//! What a call is booked to.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::db::spend_log;
use crate::ledger::event::SpendEvent;

/// Everything a call is booked to; what it does not have is empty.
pub(super) struct Payers<'a> {
    organization_id: &'a str,
    team_id: &'a str,
    user_id: &'a str,
    api_key: &'a str,
    model_group: &'a str,
    model: &'a str,
    provider: &'a str,
    end_user: &'a str,
    /// Each once.
    pub(super) tags: BTreeSet<&'a str>,
}

impl<'a> Payers<'a> {
    pub(super) fn of_event(event: &'a SpendEvent) -> Self {
        let text = |value: &'a Option<Arc<str>>| value.as_deref().unwrap_or_default();
        Self {
            organization_id: text(&event.organization_id),
            team_id: text(&event.team_id),
            user_id: text(&event.user_id),
            api_key: &event.api_key,
            model_group: &event.model_group,
            model: &event.model,
            provider: text(&event.provider),
            end_user: event.end_user.as_deref().unwrap_or_default(),
            tags: event.tags.iter().map(|tag| &**tag).collect(),
        }
    }

    pub(super) fn of_call(call: &'a spend_log::Model) -> Self {
        let text = |value: &'a Option<String>| value.as_deref().unwrap_or_default();
        Self {
            organization_id: text(&call.organization_id),
            team_id: text(&call.team_id),
            user_id: text(&call.user_id),
            api_key: &call.api_key,
            model_group: &call.model_group,
            model: &call.model,
            provider: text(&call.custom_llm_provider),
            end_user: text(&call.end_user),
            tags: call.request_tags.0.iter().map(String::as_str).collect(),
        }
    }

    pub(super) fn daily_key(&self) -> [String; 8] {
        self.daily_key_of(self.end_user)
    }

    pub(super) fn daily_key_of(&self, last: &str) -> [String; 8] {
        let Self { organization_id, team_id, user_id, api_key, model_group, model, provider, .. } = *self;
        [organization_id, team_id, user_id, api_key, model_group, model, provider, last].map(str::to_owned)
    }

    pub(super) fn daily_team_key(&self) -> [String; 4] {
        [self.organization_id, self.team_id, self.model_group, self.provider].map(str::to_owned)
    }

    /// The entities whose totals a call adds to.
    pub(super) fn entities(&self) -> impl Iterator<Item = (&'static str, &'a str)> + '_ {
        let always = [("global", ""), ("key", self.api_key), ("model_group", self.model_group)];
        let sometimes = [
            ("user", self.user_id),
            ("team", self.team_id),
            ("organization", self.organization_id),
            ("end_user", self.end_user),
            ("provider", self.provider),
        ];
        let tags = self.tags.iter().map(|tag| ("tag", *tag));
        always.into_iter().chain(sometimes.into_iter().chain(tags).filter(|(_, id)| !id.is_empty()))
    }
}
