//! `POST /model/new`.

use actix_web::web;
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::{Map, Value};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::model::{ModelCreate, ModelStored};
use tollgate_openapi::paths;

use super::rules;
use super::view::{snapshot, view};
use crate::app::App;
use crate::auth::Principal;
use crate::config::SentDeployment;
use crate::db::model::{Entity, Model};
use crate::db::{self, JsonMap, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, announce_models, record};
use crate::management::merge::merge;
use crate::management::{Json, new_id};

/// Bytes of an id.
const ID_BYTES_MAX: usize = 255;

/// Add a deployment
///
/// It is read as an entry of config.yaml's `model_list`, kept in the database with its parameters sealed, and called from
/// now on; on other nodes within a second. Needs `general_settings.store_model_in_db`, which is on unless it is turned off.
#[utoipa::path(
    post,
    path = paths::MODEL_NEW,
    operation_id = "model_new",
    tag = "model",
    request_body = ModelCreate,
    responses(
        (status = 200, description = "The new deployment", body = ModelStored),
        (status = 400, description = "A field will not do, the id exists, or models are not kept in the database",
            body = ErrorEnvelope),
    ),
)]
pub async fn new(
    app: web::Data<App>,
    principal: Principal,
    body: Json<ModelCreate>,
) -> ApiResult<web::Json<ModelStored>> {
    let ModelCreate { model_name, litellm_params, model_info } = body.0;
    principal.authorize_all(Action::ModelWrite)?;
    rules::check_store(&app)?;
    // A credential that another node made a moment ago is known.
    app.models.refresh().await?;
    let id = id(model_info.get("id"))?;
    if app.models.is_configured(&id) {
        return Err(taken(&id));
    }
    let (mut params, mut info) = (Map::new(), Map::new());
    merge(&mut params, litellm_params, "litellm_params")?;
    merge(&mut info, rules::said(&app, "", model_info), "model_info")?;
    let sent = SentDeployment { id, model_name, params, info };
    let (deployment, warnings) = rules::read(&app, &sent)?;
    let now = stored_time(app.clock.now());
    let row = Model {
        sealed_params: rules::seal(&app, &sent.id, &sent.params)?,
        model_id: sent.id,
        model_name: sent.model_name,
        model_info: JsonMap(sent.info),
        blocked: false,
        created_at: now,
        created_by: Some(principal.user_id.clone()),
        updated_at: now,
        updated_by: Some(principal.user_id.clone()),
    };
    let transaction = db::begin(&app.db).await?;
    let inserted = Entity::insert(row.clone().into_active_model()).exec_without_returning(&transaction).await;
    inserted.map_err(|error| match db::violation(&error) {
        Some(db::Violation::ModelId) => taken(&row.model_id),
        _ => error.into(),
    })?;
    let after = Some(snapshot(&row, &sent.params));
    let change = Change { action: "created", kind: "model", id: &row.model_id, before: None, after };
    record(&app, &transaction, &principal, change).await?;
    let of = (&*row.model_id, Some(deployment));
    app.models.enter_price(&transaction, of, (&principal.user_id, now)).await?;
    transaction.commit().await?;
    announce_models(&app, "model", &row.model_id).await;
    Ok(web::Json(view(row, &sent.params, warnings)))
}

/// The id that is asked for, or a new one.
fn id(asked: Option<&Value>) -> ApiResult<String> {
    match asked {
        None | Some(Value::Null) => Ok(new_id()),
        Some(Value::String(id)) if !id.trim().is_empty() && id.len() <= ID_BYTES_MAX => Ok(id.clone()),
        Some(_) => {
            let message = format!("model_info.id: expected text of 1 to {ID_BYTES_MAX} bytes");
            Err(ApiError::bad_request("model_info.id", message))
        }
    }
}

fn taken(id: &str) -> ApiError {
    ApiError::bad_request("model_info.id", format!("A deployment with the id '{id}' exists already."))
}
