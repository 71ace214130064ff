//! Waiting for money that others have reserved.

use std::time::Duration;

use super::{Admitted, Applicant, GatewayError, share};
use crate::counters::{Admission, Place, Refusal};

/// The first in line also waits for money in other scopes, whose lines it is not in, and for that of other nodes: it looks
/// again this often. Those behind it have nothing to look for.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

impl Applicant<'_> {
    /// Joins the line and waits for its turn, up to the limit of waiting.
    pub(super) async fn queue(&mut self, refusal: Refusal) -> Result<Admitted, GatewayError> {
        let Some(place) = self.gateway.counters.join(&refusal.scope) else { return Err(self.refused(refusal)) };
        let mut deadline = std::pin::pin!(tokio::time::sleep(self.gateway.settings.load().budget_wait));
        loop {
            let is_last = tokio::select! {
                () = place.turn() => false,
                () = tokio::time::sleep(LOOK_AGAIN), if place.is_first() => false,
                () = &mut deadline => true,
            };
            // A window may have ended meanwhile.
            self.scopes = self.scopes_now();
            if let Some(outcome) = self.take_turn(&place, is_last).await {
                return outcome;
            }
            if is_last {
                return self.leave(&place).await;
            }
        }
    }

    /// Takes a fair share of what is left, if that is enough for an answer as they usually are. The last time, and where
    /// nothing can come back, takes what there is.
    async fn take_turn(&self, place: &Place, is_last: bool) -> Option<Result<Admitted, GatewayError>> {
        let room = match self.gateway.counters.room(&self.scopes, place).await {
            Ok(room) => room?,
            Err(refusal) => return Some(Err(self.refused(refusal))),
        };
        let fair = self.affordable(share(room)).max(self.enough()).min(self.longest());
        if self.affordable(room) >= fair {
            return self.apply_limited(fair, Some(place)).await;
        }
        if room.may_grow && !is_last {
            return None;
        }
        if self.affordable(room) < self.shortest() {
            return Some(self.leave(place).await);
        }
        self.limited(room, Some(place)).await
    }

    /// Waits no longer: hears what stands in the way now, unless nothing does any more.
    async fn leave(&self, place: &Place) -> Result<Admitted, GatewayError> {
        match self.apply(self.bounds, Some(place)).await {
            Admission::Granted(ticket) => Ok(self.admitted(ticket, None)),
            Admission::Refused(refusal) | Admission::Short { refusal, .. } => Err(self.refused(refusal)),
        }
    }
}
