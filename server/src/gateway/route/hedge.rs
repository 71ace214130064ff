//! A call that takes longer than usual is sent to a second deployment, too; the first answer wins.
//!
//! The second one is a call of its own in the ledger, admitted, reserved and settled as any other, so that no budget is
//! overrun and what the one that comes too late costs is charged. After Dean and Barroso, "The Tail at Scale" (2013),
//! section "Hedged requests".

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::group::Group;
use super::{Attempt, Forwarding, Reply, Source, Unanswered};
use crate::gateway::settle::attempts::AttemptKind;
use crate::gateway::settle::{Call, Outcome};
use crate::gateway::upstream::UpstreamFailure;
use crate::router::{Ask, Deployment, Need, Reserved};

/// A call sent a second time.
struct Second {
    call: Call,
    deployment: Arc<Deployment>,
}

impl<A: Attempt> Forwarding<'_, A> {
    /// Whether the first attempt at `deployment` is to be hedged.
    pub(super) fn is_hedged(&self, deployment: &Deployment, kind: AttemptKind) -> bool {
        kind == AttemptKind::First
            && self.settings.hedging.as_ref().is_some_and(|hedging| hedging.includes(&deployment.model_name))
    }

    /// Asks `first`, and another one where that takes long; that is then among `tried`.
    pub(super) async fn ask_hedged(
        &mut self,
        group: &Group<'_>,
        reserved: Reserved,
        need: Need,
        tried: &mut Vec<Arc<Deployment>>,
    ) -> Result<Reply, Unanswered> {
        let asked = Instant::now();
        let first = &Arc::clone(reserved.deployment());
        let sending = self.sending(&self.call, first, AttemptKind::First, group.output_limit).await?;
        self.call.sent_to(self.starts(reserved), AttemptKind::First);
        self.call.hold(sending);
        let answered = match self.patience(first) {
            Some(patience) => tokio::time::timeout(patience, self.call.held()).await.ok(),
            None => Some(self.call.held().await),
        };
        let answered = match answered {
            Some(answered) => answered.map(|source| Reply { deployment: Arc::clone(first), source }),
            None => match self.second(group, first, need).await {
                Some(second) => {
                    tried.push(Arc::clone(&second.deployment));
                    self.race(first, second).await
                }
                None => self.call.held().await.map(|source| Reply { deployment: Arc::clone(first), source }),
            },
        };
        if answered.is_ok() {
            let delays = &self.context.gateway.usual_delays;
            delays.note(&first.model_name, self.attempt.is_stream(), asked.elapsed());
        }
        answered.map_err(|failure| self.failed(failure))
    }

    /// How long to wait before a second one is asked; `None`: as long as it takes.
    fn patience(&self, first: &Deployment) -> Option<Duration> {
        let hedging = self.settings.hedging.as_ref()?;
        let (delays, is_stream) = (&self.context.gateway.usual_delays, self.attempt.is_stream());
        delays.save(&first.model_name, is_stream, hedging.max_percent);
        hedging.after.or_else(|| delays.p95(&first.model_name, is_stream))
    }

    /// Sends the call to another deployment that is well; `None` where there is none, or no limit has room for it.
    async fn second(&self, group: &Group<'_>, first: &Arc<Deployment>, need: Need) -> Option<Second> {
        let gateway = &self.context.gateway;
        let mut barred = group.barred.clone();
        barred.push(Arc::clone(first));
        let is_stream = self.attempt.is_stream();
        let chosen =
            gateway.router.choose(&Ask { model: group.model, barred: &barred, is_stream, sticky: None }).ok()?;
        let is_well = chosen.health.cooldown_left(gateway.clock.monotonic()).is_none();
        if !is_well || !gateway.usual_delays.spend(&first.model_name, is_stream) {
            return None;
        }
        let only = self.attempt.deployments(self.context, group.model).await.ok()?;
        let only = only.only(|one| one.id == chosen.id);
        let reserved = gateway.router.reserve(&chosen, need).await.ok()?;
        let mut started = self.context.start_hedge(self.attempt, group.model, only).await.ok()?;
        let limit = started.output_limit;
        let sending = self.sending(&started.call, &chosen, AttemptKind::Hedge, limit).await.ok()?;
        started.call.sent_to(self.starts(reserved), AttemptKind::Hedge);
        started.call.hold(sending);
        Some(Second { call: started.call, deployment: chosen })
    }

    /// Waits for the first answer of the two. What is over afterwards is settled, and what is not is left.
    async fn race(&mut self, first: &Arc<Deployment>, second: Second) -> Result<Reply, UpstreamFailure> {
        let Second { call: mut other, deployment } = second;
        let (is_first, answered) = tokio::select! {
            answered = self.call.held() => (true, answered),
            answered = other.held() => (false, answered),
        };
        match (is_first, answered) {
            (true, Ok(source)) => {
                other.overtaken();
                Ok(Reply { deployment: Arc::clone(first), source })
            }
            (false, Ok(source)) => Ok(self.overtaken_by(other, deployment, source)),
            (true, Err(failure)) => match other.held().await {
                Ok(source) => {
                    self.failed(failure);
                    Ok(self.overtaken_by(other, deployment, source))
                }
                Err(later) => {
                    end_second(other, later).await;
                    Err(failure)
                }
            },
            (false, Err(failure)) => {
                end_second(other, failure).await;
                self.call.held().await.map(|source| Reply { deployment: Arc::clone(first), source })
            }
        }
    }

    /// The second call takes the place of the first.
    fn overtaken_by(&mut self, other: Call, deployment: Arc<Deployment>, source: Source) -> Reply {
        std::mem::replace(&mut self.call, other).overtaken();
        Reply { deployment, source }
    }
}

async fn end_second(mut call: Call, failure: UpstreamFailure) {
    let told = failure.for_router();
    call.attempt_failed(&failure);
    call.finish(Outcome::failed(told.status.unwrap_or(502), told.reason)).await;
}
