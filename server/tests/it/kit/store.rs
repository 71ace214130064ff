//! A web server with pictures, and what else may stand where a picture should.

use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use parking_lot::Mutex;

/// What every picture begins with.
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n-a-picture";

#[derive(Debug, Default)]
struct State {
    /// Where `/away` leads.
    away: Mutex<String>,
    asked: Mutex<Vec<String>>,
}

pub(crate) struct FakeStore {
    state: Arc<State>,
    port: u16,
    server: ServerHandle,
}

impl FakeStore {
    pub(crate) fn start() -> Self {
        let state = Arc::new(State::default());
        let data = web::Data::from(Arc::clone(&state));
        let server = HttpServer::new(move || App::new().app_data(data.clone()).default_service(web::to(serve)));
        let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
        let port = server.addrs()[0].port();
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { state, port, server: handle }
    }

    /// Its host and port.
    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host())
    }

    /// Where `/away` leads from now on.
    pub(crate) fn lead_to(&self, url: &str) {
        *self.state.away.lock() = url.to_owned();
    }

    /// Paths that were asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.asked.lock().clone()
    }
}

impl Drop for FakeStore {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

async fn serve(http: HttpRequest, state: web::Data<State>) -> HttpResponse {
    state.asked.lock().push(http.path().to_owned());
    match http.path() {
        "/away" => HttpResponse::Found().insert_header(("location", state.away.lock().clone())).finish(),
        "/circle" => HttpResponse::Found().insert_header(("location", "/circle")).finish(),
        "/picture.png" | "/other.png" => HttpResponse::Ok().content_type("image/png").body(PNG),
        "/large.png" => HttpResponse::Ok().content_type("image/png").body([PNG, &[0; 1 << 20]].concat()),
        "/page.png" => HttpResponse::Ok().content_type("image/png").body("<html>secret of the inside</html>"),
        "/paper.pdf" => HttpResponse::Ok().content_type("application/pdf").body("%PDF-1.7 a paper"),
        "/notes.txt" => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("some notes"),
        "/never.png" => std::future::pending().await,
        _ => HttpResponse::NotFound().body("secret of the inside"),
    }
}
