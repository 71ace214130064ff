//! The deployments of one model, asked one after the other.

use std::sync::Arc;
use std::time::Duration;

use super::tries::{Next, Tries};
use super::{Attempt, Forwarding, Outgoing, Reply, Said, Source, Unanswered};
use crate::domain::provider::OnClientDisconnect;
use crate::gateway::drain::Sending;
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
        let Group { model, barred, output_limit } = group;
        if let Some(failure) = self.context.routing.mock_failure.filter(|_| kind == AttemptKind::First) {
            let failure = UpstreamFailure::mock(failure);
            self.call.mock_failed(&failure);
            return Err(Unanswered::Failed(failure));
        }
        let mut tries = Tries::new(self.context, &self.settings, model);
        let ask = Ask { model, barred: &[], is_stream: self.attempt.is_stream(), sticky: None };
        let router = &self.context.gateway.router;
        let mut tried = barred.clone();
        let mut kind = kind;
        loop {
            let deployment = match router.choose(&Ask { barred: &tried, ..ask }) {
                Ok(deployment) => deployment,
                Err(error) => return Err(Unanswered::Refused(error.into())),
            };
            let unanswered = match self.ask(&deployment, kind, output_limit).await {
                Ok(source) => return Ok(Reply { deployment, source }),
                Err(unanswered) => unanswered,
            };
            tried.push(Arc::clone(&deployment));
            let has_another = router.choose(&Ask { barred: &tried, ..ask }).is_ok();
            match tries.next(&deployment, &unanswered, has_another, self.time_left()) {
                Next::Another => {}
                Next::SameAfter(pause) => {
                    tried.truncate(barred.len());
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
        let gateway = &self.context.gateway;
        let prepared = self.attempt.prepare(gateway, deployment).await;
        let how =
            Said { output_limit, drop_params: gateway.settings.drop_params, head: self.call.answer_head(deployment) };
        let outgoing = prepared.and_then(|()| self.attempt.outgoing(deployment, how));
        let outgoing = outgoing.map_err(|error| Unanswered::Refused(error.into()))?;
        let timeout = self.timeout(deployment, kind);
        self.call.sent_to(InFlight::start(Arc::clone(deployment), gateway.clock.now()), kind);
        let sent = match deployment.on_client_disconnect {
            OnClientDisconnect::Cancel => outgoing.send(self.upstream, deployment, timeout).await,
            OnClientDisconnect::Drain => {
                let (upstream, to) = (self.upstream.clone(), Arc::clone(deployment));
                let sending = Sending::new(async move { outgoing.send(&upstream, &to, timeout).await });
                self.call.wait_for(sending).await
            }
        };
        sent.map_err(|failure| {
            self.call.attempt_failed(&failure);
            gateway.router.note_failure(deployment, failure.for_router());
            Unanswered::Failed(failure)
        })
    }
}
