//! `GET /sso/callback` and `GET /sso/callback/{provider_id}`: a provider sends the browser back.

use actix_web::http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, web};
use tollgate_openapi::sso::{SsoCallbackQuery, SsoProblem, SsoSource};

use super::accept::accept;
use super::attempt::{Attempt, clear_cookie};
use super::refused::Refused;
use crate::app::App;
use crate::auth::client_address;
use crate::auth::session::{self, Method, set_cookie};
use crate::crypto::KeyDigest;
use crate::db;
use crate::oidc::{Brought, Provider};

/// Characters of a provider's own words that go into the log.
const WORDS_MAX: usize = 500;

/// A provider of environment variables sends somebody back.
pub async fn of_environment(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    answer(&app, &request, None).await
}

/// Another one does.
pub async fn of_one(app: web::Data<App>, request: HttpRequest, provider_id: web::Path<String>) -> HttpResponse {
    answer(&app, &request, Some(&provider_id)).await
}

async fn answer(app: &App, request: &HttpRequest, named: Option<&str>) -> HttpResponse {
    let query: SsoCallbackQuery = serde_urlencoded::from_str(request.query_string()).unwrap_or_default();
    let state = query.state.clone().unwrap_or_default();
    let mut response = match Attempt::find(app, request.headers(), &state) {
        None => {
            let detail = "no sign-in with this state was begun in this browser";
            Refused::new(SsoProblem::UnknownState, detail).page(named)
        }
        Some(attempt) => {
            let provider_id = attempt.provider_id.clone();
            match finish(app, request, named, query, attempt).await {
                Ok(response) => response,
                Err(refused) => {
                    if let Err(error) = refused.record(app, &provider_id, client_address(app, request)).await {
                        tracing::error!(%error, "a refused sign-in is not in the audit log");
                    }
                    refused.page(Some(&provider_id))
                }
            }
        }
    };
    if let Some(cookie) = clear_cookie(app, &state).and_then(|cookie| cookie.parse().ok()) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

async fn finish(
    app: &App,
    request: &HttpRequest,
    named: Option<&str>,
    query: SsoCallbackQuery,
    attempt: Attempt,
) -> Result<HttpResponse, Refused> {
    let now = app.clock.now();
    if attempt.expires_at <= now {
        return Err(Refused::new(SsoProblem::Expired, format!("it was to end by {}", attempt.expires_at)));
    }
    let state_hash = KeyDigest::of(&attempt.state).to_hex();
    if !db::sso_spent::spend(&app.db, state_hash, db::stored_time(attempt.expires_at), now).await? {
        return Err(Refused::new(SsoProblem::Replayed, "the same answer came before"));
    }
    let provider = super::find(app, &attempt.provider_id).await?.filter(|provider| provider.settings.enabled);
    let provider = provider.ok_or_else(|| Refused::new(SsoProblem::UnknownProvider, "the provider is gone"))?;
    check_sender(&provider, named, &query)?;
    let code = code_of(query)?;
    let brought = Brought { code, nonce: attempt.nonce, verifier: attempt.verifier };
    let claims = app.oidc.finish(&provider, &attempt.redirect_uri, brought).await?;
    let ip_address = client_address(app, request);
    let signed_in = accept(app, &provider, &claims, ip_address).await?;
    tracing::info!(provider = provider.id, user = signed_in.user_id, "signed in by single sign-on");
    let begun = session::begin(app, request, signed_in, &Method::Sso(provider.id)).await?;
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, attempt.return_to))
        .insert_header((SET_COOKIE, set_cookie(&begun.token, app.identity.is_https)))
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish())
}

/// Whether the answer came the way of this provider, and not of another one that was sent somebody else's code.
fn check_sender(provider: &Provider, named: Option<&str>, query: &SsoCallbackQuery) -> Result<(), Refused> {
    let expected = (provider.source != SsoSource::Environment).then_some(provider.id.as_str());
    if named != expected {
        return Err(Refused::new(SsoProblem::WrongIssuer, "the answer came to another provider's address"));
    }
    if let (Some(said), Some(issuer)) = (&query.iss, provider.issuer())
        && said.trim_end_matches('/') != issuer.trim_end_matches('/')
    {
        return Err(Refused::new(SsoProblem::WrongIssuer, format!("the answer says that it comes from {said}")));
    }
    Ok(())
}

fn code_of(query: SsoCallbackQuery) -> Result<String, Refused> {
    let Some(error) = query.error else {
        let nothing = || Refused::new(SsoProblem::ProviderDown, "the answer has neither a code nor an error");
        return query.code.ok_or_else(nothing);
    };
    let words = format!("{error}: {}", query.error_description.unwrap_or_default());
    let words: String = words.chars().filter(|character| !character.is_control()).take(WORDS_MAX).collect();
    let problem = match error.as_str() {
        "access_denied" | "login_required" | "consent_required" | "interaction_required" => SsoProblem::Denied,
        "unauthorized_client" | "invalid_client" | "invalid_scope" => SsoProblem::ClientRefused,
        _ => SsoProblem::ProviderDown,
    };
    Err(Refused::new(problem, words))
}
