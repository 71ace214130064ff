//! Telling observability tools of calls, on a thread that gives way to those that answer calls.
//!
//! A call is worded once for each tool and sent over the network, which takes more of a processor than the call itself
//! did. Where processors are free, that is soon done; where they are not, calls go first, and what finds no room in the
//! tools' queues is left out and counted.

use std::thread;

use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::export::Exporters;

/// Threads that word calls.
const WORDING_MAX: usize = 2;
/// How far the thread gives way (`nice`): of a processor that others want whole, it has some 3 % (Linux weighs 16 with 29,
/// and 0 with 1,024: `sched_prio_to_weight` in its `kernel/sched/core.c`).
#[cfg(target_os = "linux")]
const NICE: i32 = 16;

/// Tells all of them until `stop`, and then for a while of what is left.
pub(super) async fn run(exporters: Exporters, stop: CancellationToken) {
    let (ending, ended) = oneshot::channel::<()>();
    let tell = move || {
        give_way();
        // Told at the very end.
        let _ending = ending;
        let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(WORDING_MAX).build();
        match runtime {
            Ok(runtime) => runtime.block_on(exporters.run(stop)),
            Err(error) => tracing::error!(%error, "calls are not exported"),
        }
    };
    match thread::Builder::new().name("exporters".to_owned()).spawn(tell) {
        // An error is the end, too: nothing is ever sent.
        Ok(_) => drop(ended.await),
        Err(error) => tracing::error!(%error, "calls are not exported"),
    }
}

/// Threads that this one starts give way as well.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "calls are exported at the priority of others");
    }
}
