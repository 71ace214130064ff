//! What operations of the document have in common.

use tollgate_openapi::paths;
use utoipa::PartialSchema;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ContentBuilder, Ref, ResponseBuilder};

use crate::management::as_end_user;

/// Operations that change only what their caller has seen, where the caller says what that is.
const CONDITIONAL: [&str; 10] = [
    paths::KEY_UPDATE,
    paths::TEAM_UPDATE,
    paths::USER_UPDATE,
    paths::ORGANIZATION_UPDATE,
    paths::CUSTOMER_UPDATE,
    paths::BUDGET_UPDATE,
    paths::TAG_UPDATE,
    paths::MODEL_UPDATE,
    paths::MODEL_PATCH,
    paths::CREDENTIAL,
];

/// Says of them that they do.
pub(super) fn add_conditions(document: &mut utoipa::openapi::OpenApi) {
    for path in CONDITIONAL {
        let item = document.paths.paths.get_mut(path);
        let Some(operation) = item.and_then(|item| item.patch.as_mut().or(item.post.as_mut())) else { continue };
        let if_match = ParameterBuilder::new()
            .name("If-Match")
            .parameter_in(ParameterIn::Header)
            .description(Some(
                "The `updated_at` of what is to be changed, in quotation marks: it is changed only as it was read",
            ))
            .schema(Some(String::schema()));
        operation.parameters.get_or_insert_default().push(if_match.build().into());
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ERROR))).build();
        let changed = ResponseBuilder::new()
            .description("Somebody else has changed it since")
            .content("application/json", content);
        operation.responses.responses.insert("412".to_owned(), changed.build().into());
    }
}

/// LiteLLM's other paths of the same operations, and those that are not the management API's own.
pub(super) fn add_other_paths(document: &mut utoipa::openapi::OpenApi) {
    let mut others = vec![
        (paths::MODEL_INFO_OLD.to_owned(), paths::MODEL_INFO, "model_info_old".to_owned()),
        (paths::HEALTH_LIVENESS.to_owned(), paths::HEALTH_LIVELINESS, "health_liveness".to_owned()),
    ];
    for same in [
        paths::CUSTOMER_NEW,
        paths::CUSTOMER_UPDATE,
        paths::CUSTOMER_INFO,
        paths::CUSTOMER_LIST,
        paths::CUSTOMER_DELETE,
        paths::CUSTOMER_BLOCK,
        paths::CUSTOMER_UNBLOCK,
    ] {
        let path = as_end_user(same);
        let id = path.trim_start_matches('/').replace('/', "_");
        others.push((path, same, id));
    }
    for (path, same, id) in others {
        if let Some(mut item) = document.paths.paths.get(same).cloned() {
            if let Some(operation) = item.get.as_mut().or(item.post.as_mut()) {
                operation.operation_id = Some(id);
                operation.description = Some(format!("The same as `{same}`."));
            }
            document.paths.paths.insert(path, item);
        }
    }
}

/// What any operation may answer beside what is its own: to nobody or the wrong one, to a body or query that does not
/// fit, while the database is away.
pub(super) fn add_common_refusals(document: &mut utoipa::openapi::OpenApi) {
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            for (status, description, body) in common_refusals(operation) {
                let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(body))).build();
                let response = ResponseBuilder::new().description(description).content("application/json", content);
                operation.responses.responses.entry(status.to_owned()).or_insert_with(|| response.build().into());
            }
        }
    }
}

/// Status, description and body of each. An operation that says another sentence about a status keeps it.
fn common_refusals(operation: &Operation) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut refusals = Vec::new();
    // Those for everybody say so; all others ask who calls.
    let is_guarded = operation.security.is_none();
    if is_guarded {
        refusals.push(("401", "No key or session, or one that is not valid", ERROR));
        refusals.push(("403", "The caller may not do this", ERROR));
    }
    if operation.request_body.is_some() {
        refusals.push(("400", "A value will not do; `param` names its field", ERROR));
        refusals.push(("413", "The body is too long", ERROR));
        refusals.push(("422", "The body does not fit", PROBLEMS));
    } else if operation.parameters.as_ref().is_some_and(|parameters| !parameters.is_empty()) {
        refusals.push(("422", "The query does not fit", PROBLEMS));
    }
    if is_guarded || operation.responses.responses.contains_key("401") {
        refusals.push(("503", "The database is away; try again", ERROR));
    }
    refusals
}

/// Names of the bodies of refusals.
const ERROR: &str = "ErrorEnvelope";
const PROBLEMS: &str = "ValidationErrors";
