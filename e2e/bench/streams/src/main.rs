//! A provider that answers with streams of a steady pace, and clients that read many of them at once, in one process: each
//! chunk says when it was written, so that the clients know how long it took, whatever stands between.
//!
//! `tollgate-bench-streams MOCK_PORT TARGET_PORT KEY STREAMS CHUNKS_PER_SECOND SECONDS` serves the provider on `MOCK_PORT`,
//! asks `TARGET_PORT`, and prints `RESULT chunks p50_us p99_us max_us failed_streams`. Where both ports are the same, the
//! clients ask the provider itself.

mod client;
mod delays;
mod mock;

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::Instant;

/// What a run is made of.
#[derive(Clone, Copy, Debug)]
struct Load {
    streams: u32,
    chunks_per_second: u32,
    seconds: u32,
    /// From which the chunks' times count.
    epoch: Instant,
}

impl Load {
    /// Between two chunks of a stream.
    fn pause(&self) -> Duration {
        Duration::from_secs(1) / self.chunks_per_second.max(1)
    }

    /// Chunks of a stream.
    const fn chunks(&self) -> u32 {
        self.chunks_per_second.saturating_mul(self.seconds)
    }

    /// Now, in microseconds since the epoch.
    fn now_us(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |name: &'static str| arguments.next().with_context(|| format!("{name} is missing"));
    let (mock_port, target_port): (u16, u16) = (next("MOCK_PORT")?.parse()?, next("TARGET_PORT")?.parse()?);
    let key = next("KEY")?;
    let load = Load {
        streams: next("STREAMS")?.parse()?,
        chunks_per_second: next("CHUNKS_PER_SECOND")?.parse()?,
        seconds: next("SECONDS")?.parse()?,
        epoch: Instant::now(),
    };
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build();
    let mock = runtime()?;
    let listener = mock.block_on(mock::listen(mock_port))?;
    // It ends with the process.
    std::thread::spawn(move || mock.block_on(mock::serve(listener, load)));
    let result = runtime()?.block_on(client::read_all(target_port, &key, load))?;
    report(&result);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the result is what it is run for")]
fn report(result: &client::Result) {
    let delays = &result.delays;
    let (p50, p99, max) = (delays.percentile_us(50), delays.percentile_us(99), delays.percentile_us(100));
    println!("RESULT {} {p50} {p99} {max} {}", delays.count(), result.failed);
}
