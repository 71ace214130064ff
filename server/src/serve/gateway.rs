//! The gateway itself, from its configuration.

use std::sync::Arc;

use arc_swap::ArcSwap;
use sea_orm::DatabaseConnection;

use super::{Environment, Secrets};
use crate::cache::ResponseCache;
use crate::clock::Clock;
use crate::config::Config;
use crate::counters::Counters;
use crate::crypto::Sealer;
use crate::export::{self, Exports, Surroundings};
use crate::gateway::call_id::CallIds;
use crate::gateway::drain::Drains;
use crate::gateway::responses::id::ResponseIds;
use crate::gateway::usual_delay::UsualDelays;
use crate::gateway::usual_length::UsualLengths;
use crate::gateway::{Gateway, InFlightCount, Settings};
use crate::jobs::Takers;
use crate::ledger::Spool;
use crate::ledger::contents::{self, ContentWriter, Contents};
use crate::outbound::Outbound;
use crate::policy::PolicyStore;
use crate::router::{Models, Router, Rules};

/// What the gateway shares with the control plane.
pub(super) struct Parts {
    pub(super) clock: Clock,
    pub(super) policy: Arc<PolicyStore>,
    pub(super) counters: Arc<Counters>,
    pub(super) outbound: Arc<Outbound>,
}

/// Where calls that have ended go besides the spool.
pub(super) struct Queues {
    contents: Option<Contents>,
    exports: Exports,
}

/// The gateway, whose models come later.
pub(super) fn make(
    config: &Config,
    secrets: &Secrets,
    parts: Parts,
    spool: Arc<Spool>,
    queues: Queues,
    cache: Option<Arc<ResponseCache>>,
) -> Result<Gateway, std::io::Error> {
    let Parts { clock, policy, counters, outbound } = parts;
    let Queues { contents, exports } = queues;
    Ok(Gateway {
        call_ids: CallIds::default(),
        policy,
        router: Arc::new(router(config, Arc::clone(&counters), clock.clone())),
        counters,
        spool,
        cache,
        contents,
        exports,
        response_ids: ResponseIds::new(secrets.salt_key.expose()),
        routing: ArcSwap::from_pointee(config.router.clone()),
        outbound,
        usual_lengths: UsualLengths::default(),
        usual_delays: UsualDelays::default(),
        drains: drains(config),
        settings: ArcSwap::from_pointee(Settings::of(config)),
        in_flight: InFlightCount::default(),
        waiting: Arc::default(),
        clock,
    })
}

fn router(config: &Config, counters: Arc<Counters>, clock: Clock) -> Router {
    Router::new(Models::default(), Rules::of(config), clock).counting_with(counters)
}

fn drains(config: &Config) -> Drains {
    let max = usize::try_from(config.limits.disconnect_drains_max).unwrap_or(usize::MAX);
    Drains::new(max, config.limits.disconnect_drain_timeout)
}

/// Where calls that have ended go besides the spool, and who takes them from there.
pub(super) fn queues(
    config: &Config,
    environment: &Environment,
    database: &DatabaseConnection,
    policy: &Arc<PolicyStore>,
    (sealer, clock): (&Sealer, &Clock),
) -> Result<(Queues, Takers), std::io::Error> {
    let (contents, writer) = contents(config, database);
    let surroundings = Surroundings { variables: &environment.variables, policy, sealer, clock };
    let (exports, exporters) = export::start(config, &surroundings).map_err(std::io::Error::other)?;
    Ok((Queues { contents, exports }, Takers { contents: writer, exporters }))
}

/// Where prompts and answers go, and who writes them, where they are kept.
fn contents(config: &Config, database: &DatabaseConnection) -> (Option<Contents>, Option<ContentWriter>) {
    // Whoever runs the gateway and says that nothing is kept is not overruled by a request.
    if !config.general.store_prompts_in_spend_logs || config.litellm.turn_off_message_logging {
        return (None, None);
    }
    let bytes_max = usize::try_from(config.limits.stored_content_max_bytes).unwrap_or(usize::MAX);
    let (contents, writer) = contents::queue(database.clone(), bytes_max);
    (Some(contents), Some(writer))
}
