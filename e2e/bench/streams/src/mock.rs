//! The provider: every request is answered with a stream.

use std::io::Write as _;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::Load;

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const BEFORE_TIME: &str = "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\
    \"model\":\"gpt-4o-mini-2024-07-18\",\"system_fingerprint\":\"fp_bench\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"@";
const AFTER_TIME: &str = "@ \"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n";
const END: &str = "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\
    \"model\":\"gpt-4o-mini-2024-07-18\",\"choices\":[],\"usage\":{\"prompt_tokens\":34,\"completion_tokens\":500,\
    \"total_tokens\":534}}\n\ndata: [DONE]\n\n";
const REQUEST_BYTES_MAX: usize = 64 * 1024;
const BACKLOG: u32 = 4096;

/// The socket it answers on.
pub(crate) async fn listen(port: u16) -> Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(([127, 0, 0, 1], port).into())?;
    // A task has to be running for tokio's sockets.
    tokio::task::yield_now().await;
    Ok(socket.listen(BACKLOG)?)
}

/// Answers whoever comes.
pub(crate) async fn serve(listener: TcpListener, load: Load) {
    tokio::task::LocalSet::new()
        .run_until(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Who hangs up is of no interest here: the clients count what they miss.
                tokio::task::spawn_local(async move { drop(answer_all(stream, load).await) });
            }
        })
        .await;
}

async fn answer_all(mut stream: TcpStream, load: Load) -> Result<()> {
    stream.set_nodelay(true)?;
    loop {
        read_request(&mut stream).await?;
        stream.write_all(HEAD).await?;
        let mut ticks = interval_at(Instant::now() + load.pause(), load.pause());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut chunk = Vec::with_capacity(512);
        for _ in 0..load.chunks() {
            ticks.tick().await;
            let time = load.now_us().to_string();
            chunk.clear();
            let length = BEFORE_TIME.len() + time.len() + AFTER_TIME.len();
            write!(chunk, "{length:x}\r\n{BEFORE_TIME}{time}{AFTER_TIME}\r\n")?;
            stream.write_all(&chunk).await?;
        }
        stream.write_all(format!("{:x}\r\n{END}\r\n0\r\n\r\n", END.len()).as_bytes()).await?;
    }
}

/// Reads a request to its end.
async fn read_request(stream: &mut TcpStream) -> Result<()> {
    let mut request = Vec::new();
    let mut part = [0; 4096];
    loop {
        let read = stream.read(&mut part).await?;
        anyhow::ensure!(read > 0 && request.len() < REQUEST_BYTES_MAX, "the request ended early or is too long");
        request.extend_from_slice(part.get(..read).unwrap_or_default());
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let lines = head.lines().filter_map(|line| line.split_once(':'));
        let length = lines.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length: usize = length.context("the request has no content-length")?.1.trim().parse()?;
        if body.len() >= length {
            return Ok(());
        }
    }
}
