//! The deployments of one model, asked one after the other.

use std::sync::Arc;
use std::time::Duration;

use super::tries::{Next, Tries};
use super::{Attempt, Forwarding, Outgoing, Reply, Said, Source, Unanswered};
use crate::domain::provider::OnClientDisconnect;
use crate::gateway::admit::{OUTPUT_TOKENS_USUAL, Wanted};
use crate::gateway::drain::Sending;
use crate::gateway::settle::Call;
use crate::gateway::settle::attempts::AttemptKind;
use crate::gateway::upstream::UpstreamFailure;
use crate::router::{Ask, Deployment, InFlight, Need, Reserved};

/// A model that a call is admitted for.
pub(super) struct Group<'a> {
    /// Its public name.
    pub(super) model: &'a str,
    /// Deployments that it may not be sent to.
    pub(super) barred: Vec<Arc<Deployment>>,
    /// What is left of a budget, in output tokens.
    pub(super) output_limit: Option<u64>,
}

impl<A: Attempt> Forwarding<'_, A> {
    /// Asks one deployment after the other; `kind` is what the first attempt is.
    pub(super) async fn ask_group(&mut self, group: Group<'_>, kind: AttemptKind) -> Result<Reply, Unanswered> {
        let model = group.model;
        if let Some(failure) = self.context.routing.mock_failure.filter(|_| kind == AttemptKind::First) {
            let failure = UpstreamFailure::mock(failure);
            self.call.mock_failed(&failure);
            return Err(Unanswered::Failed(failure));
        }
        let mut tries = Tries::new(self.context, &self.settings, model);
        let sticky = self.context.sticky.as_deref();
        let ask = Ask { model, barred: &[], is_stream: self.attempt.is_stream(), sticky };
        let router = &self.context.gateway.router;
        let need = self.need(model).await;
        let mut last: Option<Unanswered> = None;
        let mut tried = group.barred.clone();
        let mut kind = kind;
        loop {
            let reserved = match router.take(&Ask { barred: &tried, ..ask }, need).await {
                Ok(reserved) => reserved,
                // What one said who was asked tells more than that others have no room.
                Err(error) => return Err(last.unwrap_or_else(|| Unanswered::Refused(error.into()))),
            };
            let deployment = Arc::clone(reserved.deployment());
            tried.push(Arc::clone(&deployment));
            let answered = if self.is_hedged(&deployment, kind) {
                Box::pin(self.ask_hedged(&group, reserved, need, &mut tried)).await
            } else {
                let answered = self.ask(reserved, kind, group.output_limit).await;
                answered.map(|source| Reply { deployment: Arc::clone(&deployment), source })
            };
            let unanswered = match answered {
                Ok(reply) => {
                    note_quota(&reply);
                    return Ok(reply);
                }
                Err(unanswered) => unanswered,
            };
            let has_another = router.choose(&Ask { barred: &tried, ..ask }).is_ok();
            match tries.next(&deployment, &unanswered, has_another, self.time_left()) {
                Next::Another => {}
                Next::SameAfter(pause) => {
                    tried.truncate(group.barred.len());
                    tokio::time::sleep(pause).await;
                }
                Next::None => return Err(unanswered),
            }
            last = Some(unanswered);
            kind = AttemptKind::Retry;
        }
    }

    /// What the call is reckoned to take of deployments' caps, where tokens are counted for them.
    async fn need(&self, model: &str) -> Need {
        let gateway = &self.context.gateway;
        let counted = gateway.router.callable(model).ok().filter(|_| gateway.router.counts_tokens(model));
        let Some(deployments) = counted else { return Need::default() };
        let Wanted { body, bounds, .. } = self.attempt.wanted(model, &deployments);
        let bounds = Box::pin(bounds.counted(body.clone())).await;
        let usual = gateway.usual_lengths.p95(&self.context.policy.key.token, model).unwrap_or(OUTPUT_TOKENS_USUAL);
        bounds.need(usual, &deployments)
    }

    /// How long `deployment` may take. Its own time holds whatever the router's is; what comes after it has what is left.
    fn timeout(&self, deployment: &Deployment, kind: AttemptKind) -> Duration {
        let own = if self.attempt.is_stream() { deployment.stream_timeout } else { deployment.timeout };
        let is_clients = self.context.clients_time(self.attempt.is_stream()).is_some();
        if kind == AttemptKind::First && !is_clients { own } else { own.min(self.time_left()) }
    }

    /// Asks one deployment.
    async fn ask(
        &mut self,
        reserved: Reserved,
        kind: AttemptKind,
        output_limit: Option<u64>,
    ) -> Result<Source, Unanswered> {
        let deployment = &Arc::clone(reserved.deployment());
        let outgoing = self.outgoing(&self.call, deployment, output_limit).await?;
        let timeout = self.timeout(deployment, kind);
        self.call.sent_to(self.starts(reserved), kind);
        let sent = match deployment.on_client_disconnect {
            OnClientDisconnect::Cancel => outgoing.send(self.upstream, deployment, timeout).await,
            OnClientDisconnect::Drain => {
                self.call.hold(self.held(outgoing, deployment, timeout));
                self.call.held().await
            }
        };
        sent.map_err(|failure| self.failed(failure))
    }

    /// An attempt begins.
    pub(super) fn starts(&self, reserved: Reserved) -> InFlight {
        self.context.gateway.router.start(reserved, self.attempt.is_stream())
    }

    /// What `deployment` is sent, on its way.
    pub(super) async fn sending(
        &self,
        call: &Call,
        deployment: &Arc<Deployment>,
        kind: AttemptKind,
        output_limit: Option<u64>,
    ) -> Result<Sending, Unanswered> {
        let outgoing = self.outgoing(call, deployment, output_limit).await?;
        Ok(self.held(outgoing, deployment, self.timeout(deployment, kind)))
    }

    fn held(&self, outgoing: A::Outgoing, deployment: &Arc<Deployment>, timeout: Duration) -> Sending {
        let (upstream, to) = (self.upstream.clone(), Arc::clone(deployment));
        Sending::new(async move { outgoing.send(&upstream, &to, timeout).await })
    }

    async fn outgoing(
        &self,
        call: &Call,
        deployment: &Deployment,
        output_limit: Option<u64>,
    ) -> Result<A::Outgoing, Unanswered> {
        let gateway = &self.context.gateway;
        let prepared = self.attempt.prepare(gateway, deployment).await;
        let drop_params = gateway.settings.load().drop_params;
        let how = Said { output_limit, drop_params, head: call.answer_head(deployment) };
        let outgoing = prepared.and_then(|()| self.attempt.outgoing(deployment, how));
        outgoing.map_err(|error| Unanswered::Refused(error.into()))
    }

    /// Notes that the attempt failed.
    pub(super) fn failed(&mut self, failure: UpstreamFailure) -> Unanswered {
        self.call.attempt_failed(&failure);
        Unanswered::Failed(failure)
    }
}

/// Notes what the provider says is left of its own limits.
fn note_quota(reply: &Reply) {
    let headers = match &reply.source {
        Source::Stream(streaming) => &streaming.headers,
        Source::Whole(headers, _) => headers,
        Source::Mock(_) => return,
    };
    reply.deployment.health.quota().note(|name| headers.get(name)?.to_str().ok());
}
