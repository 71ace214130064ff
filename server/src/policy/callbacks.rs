//! Callbacks that a key or a team has of its own, as they are held in memory: with their secrets sealed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::callback_variables::{CALLBACKS_MAX, TURN_OFF_MESSAGE_LOGGING, kind_of, told_of};
use crate::config::Callback;
use crate::db::JsonMap;

/// Those of a key or a team.
#[derive(Debug, Default)]
pub struct OwnCallbacks {
    /// Each.
    pub callbacks: Vec<Arc<OwnCallback>>,
    /// Whether what was asked and answered is told to nobody, where they say so.
    pub turn_off_message_logging: Option<bool>,
}

/// One of them.
pub struct OwnCallback {
    /// What is the same of the same settings.
    pub id: [u8; 32],
    /// Which tool.
    pub callback: Callback,
    /// It is told of calls that were answered.
    pub on_success: bool,
    /// It is told of calls that failed.
    pub on_failure: bool,
    /// Where it is and what it is told with, as the database has it.
    pub variables: BTreeMap<String, String>,
    /// What its secrets are sealed for.
    pub place: String,
}

impl fmt::Debug for OwnCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OwnCallback({} of {})", self.callback.as_str(), self.place)
    }
}

impl OwnCallbacks {
    /// Those in `metadata.logging`; `None` where there are none. What is wrong was refused when it was set; what slipped in
    /// has no effect.
    pub(super) fn read(metadata: &JsonMap, place: &str) -> Option<Arc<Self>> {
        let entries = metadata.0.get("logging")?.as_array()?;
        let callbacks = entries.iter().take(CALLBACKS_MAX).filter_map(|entry| OwnCallback::read(entry, place));
        let callbacks: Vec<Arc<OwnCallback>> = callbacks.map(Arc::new).collect();
        let says = |one: &Arc<OwnCallback>| one.variables.get(TURN_OFF_MESSAGE_LOGGING)?.parse().ok();
        let turn_off_message_logging = callbacks.iter().find_map(says);
        (!callbacks.is_empty()).then(|| Arc::new(Self { callbacks, turn_off_message_logging }))
    }
}

impl OwnCallback {
    fn read(entry: &Value, place: &str) -> Option<Self> {
        let text = |name: &str| entry.get(name).and_then(Value::as_str);
        let callback = Callback::of_owner(text("callback_name")?)?;
        let (on_success, on_failure) = told_of(text("callback_type"))?;
        let variables = entry.get("callback_vars").and_then(Value::as_object).into_iter().flatten();
        // By its name it is judged where a variable leads: one that is written otherwise than it is known is none.
        let variables = variables.filter(|(name, _)| kind_of(callback, name).is_some());
        let variables =
            variables.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
        let id = Sha256::digest(format!("{place}\n{entry}")).into();
        Some(Self { id, callback, on_success, on_failure, variables, place: place.to_owned() })
    }
}
