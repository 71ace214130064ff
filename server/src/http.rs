//! The HTTP server: routes, the order of middleware, the console's assets.

mod console;
mod middleware;
mod routes;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{App as ActixApp, HttpServer, middleware::from_fn, web};

use crate::app::App;
use crate::config::Limits;
use crate::gateway::Gateway;
use crate::gateway::upstream::Upstream;

/// An idle client connection is kept this long; longer than load balancers keep theirs, in seconds.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// A client has this long to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Threads a worker has for work that takes long: passwords, counting of tokens. As much of it as there are processors
/// gets done at once, and each thread keeps memory of its own.
const BLOCKING_THREADS_MAX: usize = 2;
/// Once it is to stop, requests under way have this long to end, in seconds: calls have ended before or were cut off, so these
/// are the control plane's.
const STOP_TIMEOUT: u64 = 10;
/// Connections waiting to be accepted.
const BACKLOG: u32 = 4096;

/// What the server is made of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The control plane's.
    pub app: App,
    /// The data plane's.
    pub gateway: Arc<Gateway>,
    /// Bounds.
    pub limits: Limits,
}

/// Starts serving on `listener`.
///
/// # Errors
/// When the socket cannot be used or TLS to providers cannot be set up.
pub fn serve(parts: Parts, listener: TcpListener, workers: usize) -> std::io::Result<Server> {
    // Fail now rather than in a worker.
    Upstream::new(&parts.limits).map_err(std::io::Error::other)?;
    let server = HttpServer::new(move || {
        let parts = parts.clone();
        let limits = parts.limits.clone();
        ActixApp::new()
            .app_data(web::Data::new(parts.app))
            .app_data(web::Data::from(parts.gateway))
            .app_data(web::Data::new(middleware::HeaderLimit(parts.limits.max_header_bytes)))
            // A worker's own connections; the check above makes a failure here all but impossible.
            .data_factory(move || std::future::ready(Upstream::new(&limits)))
            .wrap(from_fn(middleware::guard))
            .configure(routes::configure)
    });
    let server = server
        .backlog(BACKLOG)
        .workers(workers)
        .worker_max_blocking_threads(BLOCKING_THREADS_MAX)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIMEOUT)
        // A client that closes its side is gone: its call is cancelled at once.
        .h1_allow_half_closed(false)
        // A piece of a stream does not wait until the client has acknowledged the piece before it.
        .tcp_nodelay(true)
        .disable_signals()
        .shutdown_timeout(STOP_TIMEOUT)
        .listen(listener)?;
    Ok(server.run())
}
