//! What all calls go through, whatever they ask for: who calls, with which policy, admitted or refused, answered or failed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use bytes::Bytes;
use serde_json::Value;

use super::admit::{Admitted, Wanted};
use super::error::GatewayError;
use super::record::{self, Caller};
use super::route::{Attempt, Unanswered};
use super::settle::attempts::Tried;
use super::settle::{Asked, Call, Outcome};
use super::upstream::UpstreamFailure;
use super::{Gateway, admit, authenticate, headers, suitable, tags, telling};
use crate::config::RouterSettings;
use crate::domain::operation::Operation;
use crate::error::ApiError;
use crate::export::Telling;
use crate::ledger::SpendEvent;
use crate::ledger::event::{ASKED_FOR_NOTE, REFUSING_BUDGET_NOTE};
use crate::policy::{CallPolicy, Policy};
use crate::provider::openai::ChatRequest;
use crate::provider::openai::routing::RoutingParams;
use crate::provider::openai::telling::TellingParams;
use crate::router::Deployment;

/// Where a call that the gateway makes for another notes the other's id.
const MADE_FOR_NOTE: &str = "made_for";

/// A call whose key is good.
pub(super) struct Arrived {
    gateway: Arc<Gateway>,
    key: Arc<Policy>,
    caller: Caller,
    started: Instant,
}

/// What a call says of itself that its policy depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<'a> {
    /// Public name of the model.
    pub(super) model: &'a str,
    /// The `user` of the body.
    pub(super) user: Option<&'a str>,
    /// The tags of the body.
    pub(super) tags: &'a [String],
    /// What the body says of how tools are told of it.
    pub(super) telling: TellingParams,
    /// The answer is wanted as a stream.
    pub(super) stream: bool,
    /// What the body says of its routing.
    pub(super) routing: Option<&'a RoutingParams>,
    /// The name that the client has for the model, where that is another.
    pub(super) alias: Option<&'a str>,
}

impl<'a> From<&'a ChatRequest> for Named<'a> {
    fn from(request: &'a ChatRequest) -> Self {
        let ChatRequest { model, user, tags, telling, stream, routing, alias, .. } = request;
        let (user, alias, routing) = (user.as_deref(), alias.as_deref(), Some(routing));
        Self { model, user, tags, telling: *telling, stream: *stream, routing, alias }
    }
}

/// A call on its way: what every later step needs.
pub(super) struct Context {
    pub(super) gateway: Arc<Gateway>,
    pub(super) policy: CallPolicy,
    pub(super) caller: Caller,
    /// What it says of its routing.
    pub(super) routing: RoutingParams,
    /// Calls with the same of these go the same way where traffic is split by weight.
    pub(super) sticky: Option<String>,
    /// How tools are told of it.
    pub(super) telling: Arc<Telling>,
    /// The name that the client has for the model it asks for, where that is another.
    alias: Option<String>,
    started: Instant,
    /// As it is written down if it is refused.
    event: SpendEvent,
}

/// An admitted call.
pub(super) struct Started {
    /// Public name of the model it is admitted for.
    pub(super) model: String,
    pub(super) call: Call,
    pub(super) output_limit: Option<u64>,
    /// Where it may not be sent.
    pub(super) barred: Vec<Arc<Deployment>>,
}

impl Arrived {
    /// Looks up the key of a call that LiteLLM's log would name `call_type`.
    ///
    /// # Errors
    /// When the gateway takes no calls, or the key is no good.
    pub(super) async fn new(
        gateway: Arc<Gateway>,
        http: &HttpRequest,
        call_type: &'static str,
    ) -> Result<Self, GatewayError> {
        Self::with_headers(gateway, http, http.headers(), call_type).await
    }

    /// The same of a call whose key is in these headers.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(super) async fn with_headers(
        gateway: Arc<Gateway>,
        http: &HttpRequest,
        headers: &HeaderMap,
        call_type: &'static str,
    ) -> Result<Self, GatewayError> {
        let started = gateway.clock.monotonic();
        let start_time = gateway.clock.now();
        let caller = Caller {
            request_id: Arc::from(gateway.call_ids.next(start_time)),
            start_time,
            ip_address: http.peer_addr().map(|address| address.ip().to_string()),
            call_type,
        };
        if gateway.in_flight.is_draining() {
            return Err(GatewayError::Draining);
        }
        let key = authenticate::authenticate(&gateway, http.path(), headers).await?;
        Ok(Self { gateway, key, caller, started })
    }

    /// What the key may do.
    pub(super) fn key(&self) -> &Policy {
        &self.key
    }

    /// What every call needs.
    pub(super) fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// The call's body.
    ///
    /// # Errors
    /// As [`read_body`].
    pub(super) async fn body(&self, payload: web::Payload) -> Result<Bytes, GatewayError> {
        read_body(payload, self.gateway.settings.load().max_body_bytes).await
    }

    /// Looks up all else that limits the call.
    ///
    /// # Errors
    /// When its tags are too many, a header is wrong, or the database is away.
    pub(super) async fn named(self, http: &HttpRequest, named: Named<'_>) -> Result<Context, GatewayError> {
        let Self { gateway, key, caller, started } = self;
        let tags = tags::of_call(http.headers(), named.tags, &key)?;
        let routing = headers::routing(http.headers(), named.routing.cloned().unwrap_or_default())?;
        let end_user = named.user.filter(|user| !user.is_empty());
        let sticky = headers::sticky(&gateway.routing.load().sticky_by, http.headers(), end_user);
        let policy = gateway.policy.call(key, end_user, &tags).await?;
        let mut event = record::new_event(&caller, &policy, named.model, named.user, named.stream);
        event.metadata.extend(named.alias.map(|alias| ("requested_model".to_owned(), Value::from(alias))));
        let (event, alias) = (SpendEvent { tags, ..event }, named.alias.map(str::to_owned));
        let telling = telling::of_call(&gateway, &policy, http.headers(), named.telling);
        Ok(Context { gateway, policy, caller, routing, sticky, telling, alias, started, event })
    }
}

/// The body, up to `limit` bytes.
///
/// # Errors
/// When it is longer, or does not arrive.
pub(super) async fn read_body(payload: web::Payload, limit: usize) -> Result<Bytes, GatewayError> {
    match payload.to_bytes_limited(limit).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => Err(GatewayError::BodyIncomplete(error.to_string())),
        Err(_) => Err(GatewayError::BodyTooLarge(limit)),
    }
}

impl Context {
    /// The deployments of `model` that can do `operation`, and those that cannot.
    ///
    /// # Errors
    /// When the call may not be made at all, or nobody can do it.
    pub(super) fn deployments(&self, model: &str, operation: Operation) -> Result<Deployments, GatewayError> {
        if !self.gateway.spool.is_accepting() {
            return Err(GatewayError::SpoolFailed);
        }
        self.check(model)?;
        let callable = self.gateway.router.callable(model)?;
        let (able, unable): (Vec<_>, Vec<_>) = callable.into_iter().partition(|one| one.does(operation));
        if able.is_empty() {
            let mode = unable.iter().find_map(|one| one.mode()).map(str::to_owned);
            return Err(GatewayError::WrongOperation { model: model.to_owned(), operation, mode });
        }
        self.suiting(Deployments { able, unable })
    }

    /// Of `deployments`, those that suit the call by where they run and by its tags.
    ///
    /// # Errors
    /// When none does.
    pub(super) fn suiting(&self, deployments: Deployments) -> Result<Deployments, GatewayError> {
        let deployments = suitable::by_region(deployments, self.policy.region())?;
        suitable::by_tags(deployments, &self.event.tags, &self.gateway.routing.load())
    }

    /// Whether the call may be one to `model`. Whoever may use a model by one of its names may use it by that name.
    fn check(&self, model: &str) -> Result<(), GatewayError> {
        let Err(denial) = self.policy.check(model) else { return Ok(()) };
        let alias = self.alias.as_deref().filter(|_| *self.event.model_group == *model);
        match alias.map(|alias| self.policy.check(alias)) {
            Some(Ok(())) => Ok(()),
            _ => Err(GatewayError::denied(denial, alias.unwrap_or(model))),
        }
    }

    /// Admits the call of `attempt` as one to `model`.
    ///
    /// # Errors
    /// When the call may not be made, nobody can do it, or a limit does not allow it.
    pub(super) async fn start<A: Attempt>(&self, attempt: &A, model: &str) -> Result<Started, GatewayError> {
        let deployments = attempt.deployments(self, model).await?;
        let wanted = attempt.wanted(model, &deployments.able);
        let asked = attempt.asked(&deployments.able);
        self.admit(wanted, asked, deployments).await
    }

    /// Admits a call.
    ///
    /// # Errors
    /// When a limit does not allow it.
    pub(super) async fn admit(
        &self,
        wanted: Wanted<'_>,
        asked: Asked,
        deployments: Deployments,
    ) -> Result<Started, GatewayError> {
        self.admit_as(self.event.clone(), wanted, asked, deployments).await
    }

    /// Admits the call of `attempt` once more, to be sent to one of `deployments` besides.
    ///
    /// # Errors
    /// When a limit does not allow it.
    pub(super) async fn start_hedge<A: Attempt>(
        &self,
        attempt: &A,
        model: &str,
        deployments: Deployments,
    ) -> Result<Started, GatewayError> {
        let wanted = attempt.wanted(model, &deployments.able);
        let asked = attempt.asked(&deployments.able);
        let mut event = self.event.clone();
        event.request_id = Arc::from(self.gateway.call_ids.next(self.gateway.clock.now()));
        event.metadata.insert("hedge_of".to_owned(), Value::from(&*self.event.request_id));
        self.admit_as(event, wanted, asked, deployments).await
    }

    async fn admit_as(
        &self,
        mut event: SpendEvent,
        wanted: Wanted<'_>,
        asked: Asked,
        deployments: Deployments,
    ) -> Result<Started, GatewayError> {
        let model = wanted.model.to_owned();
        let Admitted { ticket, output_limit, barred, soft } = self.reserve(wanted, deployments).await?;
        if *event.model_group != *model {
            let asked_for = std::mem::replace(&mut event.model_group, Arc::from(&*model));
            event.metadata.insert(ASKED_FOR_NOTE.to_owned(), Value::from(&*asked_for));
        }
        if let Some(limit) = output_limit {
            event.metadata.insert("output_tokens_limited_to".to_owned(), Value::from(limit));
        }
        let asked = Asked { telling: Arc::clone(&self.telling), ..asked };
        let call = Call::begin(&self.gateway, event, ticket, soft, asked, self.started);
        Ok(Started { model, call, output_limit, barred })
    }

    /// Reserves what the call may take; barred are also those that cannot do what is asked.
    ///
    /// # Errors
    /// When a limit does not allow it.
    pub(super) async fn reserve(&self, wanted: Wanted<'_>, deployments: Deployments) -> Result<Admitted, GatewayError> {
        let Deployments { able, unable } = deployments;
        let mut admitted = admit::admit(&self.gateway, &self.policy, wanted, able).await?;
        admitted.barred.extend(unable);
        Ok(admitted)
    }

    /// The time that the client itself gives the call.
    pub(super) fn clients_time(&self, is_stream: bool) -> Option<Duration> {
        self.routing.stream_timeout.filter(|_| is_stream).or(self.routing.timeout)
    }

    /// When the client has to have an answer, or the beginning of a stream: whatever is tried, it is tried until then.
    pub(super) fn deadline(&self, settings: &RouterSettings, is_stream: bool) -> tokio::time::Instant {
        let of_client = self.clients_time(is_stream);
        let overrides = || self.policy.routing().find_map(|own| own.timeout);
        let configured = || settings.stream_timeout.filter(|_| is_stream).or(settings.timeout);
        let timeout = of_client.or_else(overrides).or_else(configured).unwrap_or(self.gateway.settings.load().timeout);
        let age = self.gateway.clock.monotonic().saturating_duration_since(self.started);
        tokio::time::Instant::now() + timeout.saturating_sub(age)
    }

    /// A call that the gateway makes for this one, of this type and to this model. It is booked to the same; limits of
    /// requests and tokens are for the one that asked for it.
    pub(super) fn on_behalf(&self, call_type: &'static str, model: &str) -> Self {
        let Self { gateway, policy, caller, event, .. } = self;
        let start_time = gateway.clock.now();
        let caller = Caller {
            request_id: Arc::from(gateway.call_ids.next(start_time)),
            start_time,
            ip_address: caller.ip_address.clone(),
            call_type,
        };
        let policy = CallPolicy { is_aside: true, ..policy.clone() };
        let user = event.end_user.as_deref();
        let mut own = record::new_event(&caller, &policy, model, user, false);
        own.tags.clone_from(&event.tags);
        own.metadata.insert(MADE_FOR_NOTE.to_owned(), Value::from(&*self.caller.request_id));
        let (gateway, started) = (Arc::clone(gateway), gateway.clock.monotonic());
        Self {
            gateway,
            policy,
            caller,
            sticky: None,
            telling: Arc::clone(&self.telling),
            alias: None,
            routing: RoutingParams::default(),
            started,
            event: own,
        }
    }

    /// The tags of the call.
    pub(super) fn tags(&self) -> impl Iterator<Item = &str> {
        self.event.tags.iter().map(|tag| &**tag)
    }

    /// Writes a refusal down and words it.
    pub(super) fn refuse(&self, error: GatewayError) -> ApiError {
        let mut event = self.event.clone();
        if let Some(budget) = error.refusing_budget().and_then(|budget| serde_json::to_value(budget).ok()) {
            event.metadata.insert(REFUSING_BUDGET_NOTE.to_owned(), budget);
        }
        let error = ApiError::from(error);
        record::record_refusal(&self.gateway, event, &error, &self.telling);
        error.with_call_id(&self.caller.request_id)
    }

    /// The head of an answer: the provider's headers and ours.
    pub(super) fn head(
        &self,
        status: StatusCode,
        deployment: Option<&Deployment>,
        call: Option<&Call>,
    ) -> HttpResponseBuilder {
        let mut response = HttpResponse::build(status);
        let tried = call.map_or_else(Tried::default, Call::tried);
        let request_id = call.and_then(Call::request_id).unwrap_or(&self.caller.request_id);
        headers::describe(&mut response, request_id, &self.policy.key, deployment, tried);
        response
    }

    /// Settles a call that no deployment answered and passes the last failure on; `word` puts a provider's error, given
    /// with its status in OpenAI's form, in the client's own.
    ///
    /// # Errors
    /// When no provider answered at all.
    pub(super) async fn fail(
        &self,
        call: Call,
        unanswered: Unanswered,
        word: impl FnOnce(u16, Bytes) -> Bytes,
    ) -> Result<HttpResponse, ApiError> {
        let rates = call.rates();
        let failure = match unanswered {
            Unanswered::Refused(error) => {
                let error = headers::error_with_rates(error.into(), rates);
                call.finish(Outcome::failed(error.status().as_u16(), error.message())).await;
                return Err(error.with_call_id(&self.caller.request_id));
            }
            Unanswered::Failed(failure) => failure,
        };
        let reason = failure.for_router().reason;
        let error = match failure {
            UpstreamFailure::Status { status, headers, body } => {
                let code = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
                let mut head = self.head(code, None, Some(&call));
                call.finish(Outcome::failed(status, reason)).await;
                headers::forward(&mut head, &headers);
                headers::rates(&mut head, rates);
                let body = word(status, body);
                return Ok(head.insert_header((CONTENT_TYPE, "application/json")).body(body));
            }
            UpstreamFailure::Unreachable(reason) => GatewayError::ProviderUnreachable { reason },
            UpstreamFailure::Timeout(after) => GatewayError::ProviderTimeout { after },
        };
        let error = headers::error_with_rates(error.into(), rates);
        call.finish(Outcome::failed(error.status().as_u16(), reason)).await;
        Err(error.with_call_id(&self.caller.request_id))
    }
}

impl Deployments {
    /// Those that can all do it.
    pub(super) const fn all(able: Vec<Arc<Deployment>>) -> Self {
        Self { able, unable: Vec::new() }
    }
}

/// The deployments of a model.
#[derive(Debug)]
pub(super) struct Deployments {
    /// Those that can do what is asked.
    pub(super) able: Vec<Arc<Deployment>>,
    /// Those that cannot.
    pub(super) unable: Vec<Arc<Deployment>>,
}

impl Deployments {
    /// Of those that can, only those that fit.
    pub(super) fn only(self, fits: impl Fn(&Deployment) -> bool) -> Self {
        let Self { able, mut unable } = self;
        let (able, unfit): (Vec<_>, Vec<_>) = able.into_iter().partition(|one| fits(one));
        unable.extend(unfit);
        Self { able, unable }
    }
}
