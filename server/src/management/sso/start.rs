//! `GET /sso/key/generate` and `GET /sso/sign_in/{provider_id}`: the browser is sent to a provider.

use actix_web::http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, web};
use tollgate_openapi::sso::{SsoProblem, SsoStartQuery};

use super::attempt::{AGE_MAX, Attempt, return_to};
use super::refused::Refused;
use crate::app::App;
use crate::crypto::random_base62;
use crate::error::ApiError;

/// Length of a state: 256 bits and more.
const STATE_CHARS: usize = 43;
/// Longest address that is handed on to a provider, in bytes.
const HINT_BYTES_MAX: usize = 320;

/// Begins a sign-in by the only provider; where there are several, the sign-in page has them.
pub async fn any(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let providers = match super::choose::with_buttons(&app).await {
        Ok(providers) => providers,
        Err(error) => return Refused::from(error).page(None),
    };
    match providers.as_slice() {
        [only] => answer(&app, &request, &only.id).await,
        _ => {
            let page = return_to(query_of(&request).return_to.as_deref());
            HttpResponse::SeeOther().insert_header((LOCATION, page)).finish()
        }
    }
}

/// Begins a sign-in by one provider.
pub async fn one(app: web::Data<App>, request: HttpRequest, provider_id: web::Path<String>) -> HttpResponse {
    answer(&app, &request, &provider_id).await
}

fn query_of(request: &HttpRequest) -> SsoStartQuery {
    serde_urlencoded::from_str(request.query_string()).unwrap_or_default()
}

async fn answer(app: &App, request: &HttpRequest, provider_id: &str) -> HttpResponse {
    match begin(app, request, provider_id).await {
        Ok((address, cookie)) => HttpResponse::SeeOther()
            .insert_header((LOCATION, address))
            .insert_header((SET_COOKIE, cookie))
            .insert_header((CACHE_CONTROL, "no-store"))
            .finish(),
        Err(refused) => refused.page(Some(provider_id)),
    }
}

/// Where the browser goes, and what it keeps.
async fn begin(app: &App, request: &HttpRequest, provider_id: &str) -> Result<(String, String), Refused> {
    let provider = super::find(app, provider_id).await?.filter(|provider| provider.settings.enabled);
    let provider = provider.ok_or_else(|| Refused::new(SsoProblem::UnknownProvider, "there is no such provider"))?;
    let query = query_of(request);
    let state = random_base62(STATE_CHARS).map_err(ApiError::internal)?;
    let redirect_uri = super::redirect_uri(app, &provider.id, provider.source);
    let hint = query.login_hint.as_deref().filter(|hint| hint.len() <= HINT_BYTES_MAX && hint.contains('@'));
    let begun = app.oidc.begin(&provider, &redirect_uri, &state, hint).await?;
    let attempt = Attempt {
        provider_id: provider.id,
        state,
        nonce: begun.nonce,
        verifier: begun.verifier,
        redirect_uri,
        return_to: return_to(query.return_to.as_deref()),
        expires_at: app.clock.now() + AGE_MAX,
    };
    let cookie = attempt.set_cookie(app).map_err(ApiError::internal)?;
    Ok((begun.address, cookie))
}
