//! Sign-ins that come to nothing: a page of the console, a line of the log, and, where a provider said something of
//! somebody, a row of the audit log.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use sea_orm::DbErr;
use serde_json::json;
use tollgate_openapi::sso::{PROBLEM_PAGE, SsoProblem};

use crate::app::App;
use crate::db;
use crate::db::audit::{Actor, Entry};
use crate::error::{ApiError, ApiResult};
use crate::oidc::OidcError;

/// Why a sign-in came to nothing.
#[derive(Debug)]
pub(super) struct Refused {
    /// What the person is told.
    pub(super) problem: SsoProblem,
    /// What the log is told.
    pub(super) detail: String,
}

impl Refused {
    pub(super) fn new(problem: SsoProblem, detail: impl Into<String>) -> Self {
        Self { problem, detail: detail.into() }
    }

    /// The page that says so. `provider_id` lets it offer another try.
    pub(super) fn page(&self, provider_id: Option<&str>) -> HttpResponse {
        let reason = self.problem.as_str();
        tracing::warn!(provider = provider_id.unwrap_or_default(), reason, detail = self.detail, "sign-in refused");
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("reason", reason);
        if let Some(id) = provider_id {
            query.append_pair("provider", id);
        }
        HttpResponse::SeeOther()
            .insert_header((LOCATION, format!("{PROBLEM_PAGE}?{}", query.finish())))
            .insert_header((CACHE_CONTROL, "no-store"))
            .finish()
    }

    /// Notes it in the audit log.
    pub(super) async fn record(&self, app: &App, provider_id: &str, ip_address: Option<String>) -> ApiResult<()> {
        let actor = Actor { kind: "sso", id: provider_id.to_owned(), ip_address };
        let transaction = db::begin(&app.db).await?;
        let entry = Entry {
            at: app.clock.now(),
            actor: &actor,
            action: "sign_in_failed",
            resource: "sso",
            resource_id: provider_id,
            before: None,
            after: Some(json!({"reason": self.problem.as_str(), "detail": self.detail})),
        };
        db::audit::record(&transaction, entry).await?;
        Ok(transaction.commit().await?)
    }
}

impl From<OidcError> for Refused {
    fn from(error: OidcError) -> Self {
        Self::new(error.problem, error.detail)
    }
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        let source = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
        Self::new(SsoProblem::Unavailable, format!("{error}{source}"))
    }
}

impl From<DbErr> for Refused {
    fn from(error: DbErr) -> Self {
        Self::from(ApiError::from(error))
    }
}
