//! Credentials as they are shown: nobody sees their values.

use serde_json::{Map, Value};
use tollgate_openapi::credential::{CredentialView, Source};

use crate::app::App;
use crate::config::Credential;
use crate::db::credential::Model;
use crate::management::change;

/// One of the database.
pub(super) fn view(app: &App, row: Model) -> CredentialView {
    let (values, problem) = match app.models.open_credential(&row) {
        Ok(values) => (values, None),
        Err(error) => (Map::new(), Some(error.to_string())),
    };
    let name = row.credential_name.clone();
    let used_by = app.models.users_of(&name);
    CredentialView { used_by, problem, ..show(row, &values) }
}

/// One of config.yaml.
pub(super) fn configured(app: &App, credential: &Credential) -> CredentialView {
    CredentialView {
        credential_values: credential.masked(),
        credential_info: credential.info.clone(),
        source: Source::Config,
        used_by: app.models.users_of(&credential.name),
        credential_name: credential.name.clone(),
        problem: None,
        created_at: None,
        created_by: None,
        updated_at: None,
        updated_by: None,
    }
}

/// As the audit chain keeps it.
pub(super) fn snapshot(row: &Model, values: &Map<String, Value>) -> Value {
    let mut shown = change::snapshot(&show(row.clone(), values));
    if let Some(fields) = shown.as_object_mut() {
        fields.remove("used_by");
        fields.remove("problem");
    }
    shown
}

fn show(row: Model, values: &Map<String, Value>) -> CredentialView {
    let credential = Credential::new(&*row.credential_name, values, row.credential_info.0);
    CredentialView {
        credential_values: credential.masked(),
        credential_info: credential.info,
        credential_name: row.credential_name,
        source: Source::Db,
        used_by: Vec::new(),
        problem: None,
        created_at: Some(row.created_at),
        created_by: row.created_by,
        updated_at: Some(row.updated_at),
        updated_by: row.updated_by,
    }
}
