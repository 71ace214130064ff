//! The deployments of one model, asked one after the other.

use std::sync::Arc;
use std::time::Duration;

use super::tries::{Next, Tries};
use super::{Attempt, Forwarding, Outgoing, Reply, Said, Source, Unanswered};
use crate::domain::provider::OnClientDisconnect;
use crate::gateway::drain::Sending;
use crate::gateway::settle::Call;
use crate::gateway::settle::attempts::AttemptKind;
use crate::gateway::upstream::UpstreamFailure;
use crate::router::deployment::InFlight;
use crate::router::{Ask, Deployment};

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
        let ask = Ask { model, barred: &[], is_stream: self.attempt.is_stream(), sticky: None };
        let router = &self.context.gateway.router;
        let mut tried = group.barred.clone();
        let mut kind = kind;
        loop {
            let deployment = match router.choose(&Ask { barred: &tried, ..ask }) {
                Ok(deployment) => deployment,
                Err(error) => return Err(Unanswered::Refused(error.into())),
            };
            tried.push(Arc::clone(&deployment));
            let answered = if self.is_hedged(&deployment, kind) {
                Box::pin(self.ask_hedged(&group, &deployment, &mut tried)).await
            } else {
                let answered = self.ask(&deployment, kind, group.output_limit).await;
                answered.map(|source| Reply { deployment: Arc::clone(&deployment), source })
            };
            let unanswered = match answered {
                Ok(reply) => return Ok(reply),
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
            kind = AttemptKind::Retry;
        }
    }

    /// How long `deployment` may take. Its own time holds whatever the router's is; what comes after it has what is left.
    fn timeout(&self, deployment: &Deployment, kind: AttemptKind) -> Duration {
        let own = if self.attempt.is_stream() { deployment.stream_timeout } else { deployment.timeout };
        let is_clients = self.context.routing.timeout.or(self.context.routing.stream_timeout).is_some();
        if kind == AttemptKind::First && !is_clients { own } else { own.min(self.time_left()) }
    }

    /// Asks one deployment.
    async fn ask(
        &mut self,
        deployment: &Arc<Deployment>,
        kind: AttemptKind,
        output_limit: Option<u64>,
    ) -> Result<Source, Unanswered> {
        let outgoing = self.outgoing(&self.call, deployment, output_limit).await?;
        let timeout = self.timeout(deployment, kind);
        self.call.sent_to(self.starts(deployment), kind);
        let sent = match deployment.on_client_disconnect {
            OnClientDisconnect::Cancel => outgoing.send(self.upstream, deployment, timeout).await,
            OnClientDisconnect::Drain => {
                self.call.hold(self.held(outgoing, deployment, timeout));
                self.call.held().await
            }
        };
        sent.map_err(|failure| self.failed(deployment, failure))
    }

    /// An attempt at `deployment` begins.
    pub(super) fn starts(&self, deployment: &Arc<Deployment>) -> InFlight {
        InFlight::start(Arc::clone(deployment), self.context.gateway.clock.now())
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
        let drop_params = gateway.settings.drop_params;
        let how = Said { output_limit, drop_params, head: call.answer_head(deployment) };
        let outgoing = prepared.and_then(|()| self.attempt.outgoing(deployment, how));
        outgoing.map_err(|error| Unanswered::Refused(error.into()))
    }

    /// Notes that `deployment` failed.
    pub(super) fn failed(&mut self, deployment: &Deployment, failure: UpstreamFailure) -> Unanswered {
        self.call.attempt_failed(&failure);
        self.context.gateway.router.note_failure(deployment, failure.for_router());
        Unanswered::Failed(failure)
    }
}
