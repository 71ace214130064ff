//! Deployments of the database as they are shown.

use serde_json::{Map, Value};
use tollgate_openapi::model::ModelStored;

use crate::config::masked;
use crate::db::model::Model;
use crate::management::change;

/// A row with its parameters, secrets masked.
pub(super) fn view(row: Model, params: &Map<String, Value>, warnings: Vec<String>) -> ModelStored {
    let mut model_info = Map::new();
    model_info.insert("id".to_owned(), Value::from(row.model_id.as_str()));
    model_info.insert("db_model".to_owned(), Value::Bool(true));
    model_info.extend(masked(&row.model_info.0));
    ModelStored {
        model_id: row.model_id,
        model_name: row.model_name,
        litellm_params: masked(params),
        model_info,
        blocked: row.blocked,
        warnings,
        created_at: row.created_at,
        created_by: row.created_by,
        updated_at: row.updated_at,
        updated_by: row.updated_by,
    }
}

/// A row as the audit chain keeps it.
pub(super) fn snapshot(row: &Model, params: &Map<String, Value>) -> Value {
    let mut shown = change::snapshot(&view(row.clone(), params, Vec::new()));
    if let Some(fields) = shown.as_object_mut() {
        fields.remove("warnings");
    }
    shown
}
