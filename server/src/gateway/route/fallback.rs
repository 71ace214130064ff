//! Which models stand in for one that fails.
//!
//! As in LiteLLM: the request's own list goes before the key's, that before the team's, that before the configuration's; a prompt that is too long and content that is
//! refused have lists of their own, and the general one where they have none; a model that stands in may have models
//! standing in for it, which come before those left of the first.

use crate::config::{Fallbacks, RouterSettings};
use crate::gateway::call::Context;
use crate::gateway::failure::FailureKind;

/// The models that are still to be asked.
pub(super) struct Plan<'a> {
    context: &'a Context,
    settings: &'a RouterSettings,
    /// The one that was asked for.
    asked_for: &'a str,
    /// The next one last.
    pending: Vec<String>,
    /// Those that were asked already, or are pending.
    known: Vec<String>,
    left: u32,
}

impl<'a> Plan<'a> {
    /// Nobody stands in for `asked_for` so far.
    pub(super) fn new(context: &'a Context, settings: &'a RouterSettings, asked_for: &'a str) -> Self {
        let known = vec![asked_for.to_owned()];
        Self { context, settings, asked_for, pending: Vec::new(), known, left: settings.max_fallbacks }
    }

    /// The same where one stands in already.
    pub(super) fn with(mut self, model: &str) -> Self {
        self.known.push(model.to_owned());
        self
    }

    /// Adds those that stand in for `model`, which failed so.
    pub(super) fn failed(&mut self, model: &str, kind: FailureKind) {
        let Self { context, settings, .. } = *self;
        let lists = Lists { context, settings, model, is_asked_for: model == self.asked_for };
        for target in lists.targets(kind).iter().rev() {
            let target = context.gateway.model_of_alias(target).unwrap_or_else(|| target.clone());
            if !self.known.contains(&target) {
                self.known.push(target.clone());
                self.pending.push(target);
            }
        }
    }

    /// The next one to be asked.
    pub(super) fn next(&mut self) -> Option<String> {
        self.left = self.left.checked_sub(1)?;
        self.pending.pop()
    }
}

/// Whether anybody stands in for `model` where it fails so; a failure of a kind of its own needs a list of its own.
pub(super) fn exists(context: &Context, settings: &RouterSettings, model: &str, kind: FailureKind) -> bool {
    let lists = Lists { context, settings, model, is_asked_for: true };
    let list = if kind == FailureKind::Other { Some(lists.targets(kind)) } else { lists.special(kind) };
    list.is_some_and(|list| !list.is_empty())
}

/// What stands in for a model.
struct Lists<'a, 'm> {
    context: &'a Context,
    settings: &'a RouterSettings,
    model: &'m str,
    /// The request's lists are for the model that it asks for, and so is the default.
    is_asked_for: bool,
}

/// One kind of list of a configuration.
type Kind = fn(&Fallbacks) -> &[(String, Vec<String>)];

impl<'a> Lists<'a, '_> {
    fn targets(&self, kind: FailureKind) -> &'a [String] {
        let list = self.special(kind).or_else(|| self.general()).or_else(|| self.default());
        list.filter(|_| !self.context.routing.disable_fallbacks).unwrap_or_default()
    }

    fn general(&self) -> Option<&'a [String]> {
        self.list(&self.context.routing.fallbacks, |all| &all.general)
    }

    fn special(&self, kind: FailureKind) -> Option<&'a [String]> {
        let of_client = &self.context.routing;
        let list = match kind {
            FailureKind::ContextWindow => self.list(&of_client.context_window_fallbacks, |all| &all.context_window),
            FailureKind::ContentPolicy => self.list(&of_client.content_policy_fallbacks, |all| &all.content_policy),
            FailureKind::Other => None,
        };
        list.filter(|_| !of_client.disable_fallbacks)
    }

    fn default(&self) -> Option<&'a [String]> {
        let mut configured = self.configured().map(|all| all.default.as_slice());
        configured.find(|default| !default.is_empty()).filter(|_| self.is_asked_for)
    }

    fn list(&self, of_client: &'a Option<Vec<String>>, kind: Kind) -> Option<&'a [String]> {
        let of_client = of_client.as_deref().filter(|_| self.is_asked_for);
        of_client.or_else(|| self.configured().find_map(|all| Fallbacks::of_group(kind(all), self.model)))
    }

    /// What the key, the team and the gateway have.
    fn configured(&self) -> impl Iterator<Item = &'a Fallbacks> {
        let overrides = self.context.policy.routing().map(|own| &own.fallbacks);
        overrides.chain(std::iter::once(&self.settings.fallbacks))
    }
}
