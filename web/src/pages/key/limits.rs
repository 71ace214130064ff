//! What limits a key.

use leptos::prelude::*;
use tollgate_openapi::key::KeyView;
use tollgate_openapi::policy::PolicyExplain;

use crate::pages::key::list::{budget, name};
use crate::pages::policy::limits::Limits;
use crate::pages::policy::scope::ScopeLimits;

#[component]
pub(crate) fn KeyLimits(key: KeyView) -> impl IntoView {
    let own = ScopeLimits::new("key", &key.token, &name(&key)).with_budget(Some(budget(&key)));
    view! { <Limits title="What limits this key" own=own who=of_key(&key) allowed=key.models /> }
}

/// A call of the key, but for the model.
pub(crate) fn of_key(key: &KeyView) -> PolicyExplain {
    PolicyExplain { key: Some(key.token.clone()), ..PolicyExplain::default() }
}
