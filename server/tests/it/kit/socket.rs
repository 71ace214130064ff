//! A provider that misbehaves below HTTP: it reads a request and then does with the connection what it is told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What is done with a connection, once its request was read.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// These bytes are sent.
    Send(Vec<u8>),
    /// These bytes are sent so often.
    Repeat(Vec<u8>, usize),
    /// These bytes are sent one by one, this long after one another.
    Trickle(Vec<u8>, Duration),
    /// It is reset. Without it, it is closed after the last step.
    Reset,
    /// Nothing, for ever.
    Hang,
}

pub(crate) struct SocketUpstream {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl SocketUpstream {
    /// Does the same with every connection.
    pub(crate) async fn start(steps: Vec<Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, steps.clone(), Arc::clone(&counted)));
            }
        });
        Self { address, requests, task }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Requests that arrived whole.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Drop for SocketUpstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut connection: TcpStream, steps: Vec<Step>, requests: Arc<AtomicUsize>) {
    if read_request(&mut connection).await.is_none() {
        return;
    }
    requests.fetch_add(1, Ordering::SeqCst);
    for step in steps {
        // A gateway that has given up is no failure of this side.
        let done = match step {
            Step::Send(bytes) => connection.write_all(&bytes).await,
            Step::Repeat(bytes, times) => repeat(&mut connection, &bytes, times).await,
            Step::Trickle(bytes, pause) => trickle(&mut connection, &bytes, pause).await,
            Step::Reset => connection.set_zero_linger(),
            Step::Hang => std::future::pending().await,
        };
        if done.is_err() {
            return;
        }
    }
}

async fn repeat(connection: &mut TcpStream, bytes: &[u8], times: usize) -> std::io::Result<()> {
    for _ in 0..times {
        connection.write_all(bytes).await?;
    }
    Ok(())
}

async fn trickle(connection: &mut TcpStream, bytes: &[u8], pause: Duration) -> std::io::Result<()> {
    for byte in bytes {
        connection.write_all(&[*byte]).await?;
        tokio::time::sleep(pause).await;
    }
    Ok(())
}

/// Reads head and body of a request; `None` where the connection ends before.
async fn read_request(connection: &mut TcpStream) -> Option<()> {
    let mut request = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let read = connection.read(&mut piece).await.ok().filter(|read| *read > 0)?;
        request.extend_from_slice(&piece[..read]);
        // A TLS handshake is no request, but a server that expects one answers something.
        if request[0] == 0x16 {
            return Some(());
        }
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Some(());
        }
    }
}
