//! The clients: each asks for one stream after another and notes how late its chunks are.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result as AnyResult, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep_until};

use crate::Load;
use crate::delays::Delays;

/// Over which the streams begin, so that their chunks do not all come at once.
const RAMP: Duration = Duration::from_secs(2);
/// How long after all have begun the delays count.
const SETTLE: Duration = Duration::from_secs(1);

/// What all of them saw.
#[derive(Debug, Default)]
pub(crate) struct Result {
    pub(crate) delays: Delays,
    /// Streams that did not come to their end.
    pub(crate) failed: u32,
}

/// Reads all streams of a load, at once.
pub(crate) async fn read_all(port: u16, key: &str, load: Load) -> AnyResult<Result> {
    let result = Rc::new(RefCell::new(Result::default()));
    let request = request(key);
    let start = Instant::now();
    let counts_from = load.now_us() + u64::try_from((RAMP + SETTLE).as_micros())?;
    let all = LocalSet::new();
    for number in 0..load.streams {
        let begins = start + RAMP * number / load.streams;
        let (result, request) = (Rc::clone(&result), request.clone());
        all.spawn_local(async move {
            sleep_until(begins).await;
            if read_one(port, &request, load, counts_from, &result).await.is_err() {
                result.borrow_mut().failed += 1;
            }
        });
    }
    all.await;
    Ok(Rc::into_inner(result).map(RefCell::into_inner).unwrap_or_default())
}

fn request(key: &str) -> Vec<u8> {
    let body = r#"{"model":"gpt-4o-mini","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"Tell me of the rivers of Norway."}],"max_tokens":600}"#;
    let length = body.len();
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

async fn read_one(port: u16, request: &[u8], load: Load, counts_from: u64, result: &RefCell<Result>) -> AnyResult<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    stream.write_all(request).await?;
    let mut part = vec![0; 16 * 1024];
    let mut carry = Vec::new();
    let mut seen = 0;
    loop {
        let read = stream.read(&mut part).await?;
        ensure!(read > 0, "the stream broke off");
        let now_us = load.now_us();
        carry.extend_from_slice(part.get(..read).unwrap_or_default());
        let times = times_of(&mut carry);
        seen += times.len();
        let mut result = result.borrow_mut();
        for time in times.into_iter().filter(|time| *time >= counts_from) {
            result.delays.add(now_us.saturating_sub(time));
        }
        if carry.ends_with(b"0\r\n\r\n") {
            ensure!(seen == usize::try_from(load.chunks())?, "{seen} chunks came");
            return Ok(());
        }
    }
}

/// The times that stand in what came, which is taken; what may go on stays.
fn times_of(carry: &mut Vec<u8>) -> Vec<u64> {
    let mut times = Vec::new();
    let mut taken = 0;
    let mut ats = carry.iter().enumerate().filter(|(_, byte)| **byte == b'@').map(|(at, _)| at);
    while let (Some(first), Some(second)) = (ats.next(), ats.next()) {
        let digits = carry.get(first + 1..second).and_then(|digits| std::str::from_utf8(digits).ok());
        times.extend(digits.and_then(|digits| digits.parse::<u64>().ok()));
        taken = second + 1;
    }
    carry.drain(..taken);
    times
}
