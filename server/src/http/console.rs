//! The console's assets under `/ui`, built into the binary.

use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::{EmbeddedFile, RustEmbed};

/// What `web/bundler` made. A server built without it says so at `/ui`.
#[derive(RustEmbed)]
#[folder = "../web/dist"]
#[allow_missing = true]
struct Assets;

const INDEX: &str = "index.html";
/// Scripts, wasm and styles of this origin only; nothing inline.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'";

/// Serves an asset, or the page for every address the console knows itself.
pub(super) async fn serve(http: HttpRequest, path: web::Path<String>) -> HttpResponse {
    let path = path.into_inner();
    let is_asset = path.starts_with("assets/");
    let name = if is_asset || Assets::get(&path).is_some() { path.as_str() } else { INDEX };
    let accepts_brotli = http
        .headers()
        .get(ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.split(',').any(|coding| coding.trim().starts_with("br")));
    let compressed = accepts_brotli.then(|| Assets::get(&format!("{name}.br"))).flatten();
    let is_compressed = compressed.is_some();
    match compressed.or_else(|| Assets::get(name)) {
        Some(file) => answer(&http, name, file, is_compressed, is_asset),
        None if is_asset => HttpResponse::NotFound().finish(),
        None => not_built(),
    }
}

fn answer(http: &HttpRequest, name: &str, file: EmbeddedFile, is_compressed: bool, is_asset: bool) -> HttpResponse {
    let digest = file.metadata.sha256_hash();
    let tag: String = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{tag}\"");
    let known = http.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let mut response = if known == Some(tag.as_str()) { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    // Names of assets carry their hash; the page's does not.
    let caching = if is_asset { "public, max-age=31536000, immutable" } else { "no-cache" };
    response
        .insert_header((CACHE_CONTROL, caching))
        .insert_header((ETAG, tag.clone()))
        .insert_header((VARY, "accept-encoding"));
    response.insert_header(("content-security-policy", CONTENT_SECURITY_POLICY));
    if known == Some(tag.as_str()) {
        return response.finish();
    }
    if is_compressed {
        response.insert_header((CONTENT_ENCODING, "br"));
    }
    let kind = content_type(name);
    response.insert_header((CONTENT_TYPE, kind)).body(file.data.into_owned())
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "png" => "image/png",
        "ico" => "image/x-icon",
        _ => "application/octet-stream",
    }
}

fn not_built() -> HttpResponse {
    HttpResponse::NotFound()
        .content_type("text/plain; charset=utf-8")
        .body("This binary was built without its console. `make build` builds both.")
}
