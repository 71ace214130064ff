//! Writes that a browser's cookie vouches for must come from our own pages.

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{HOST, HeaderMap, ORIGIN};
use tollgate_openapi::paths::CSRF_HEADER;

use crate::error::{ApiError, ApiResult};

const FETCH_SITE: &str = "sec-fetch-site";

/// Refuses a cookie-authenticated write without the console's header or from another origin.
pub(super) fn check(request: &HttpRequest) -> ApiResult<()> {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    if !request.headers().contains_key(CSRF_HEADER) {
        return Err(ApiError::forbidden(format!("A write with the console's cookie needs the header {CSRF_HEADER}.")));
    }
    check_origin(request)
}

/// Refuses what a browser says comes from another origin. What says nothing is no browser.
pub(crate) fn check_origin(request: &HttpRequest) -> ApiResult<()> {
    if is_same_origin(request.headers()) {
        Ok(())
    } else {
        Err(ApiError::forbidden("The request comes from another site."))
    }
}

fn is_same_origin(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(FETCH_SITE) {
        return site.as_bytes() == b"same-origin";
    }
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    origin.is_some() && origin == host
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn allowed(method: Method, headers: &[(&'static str, &'static str)]) -> bool {
        let request = TestRequest::default().method(method);
        let request = headers.iter().fold(request, |request, pair| request.insert_header(*pair));
        check(&request.to_http_request()).is_ok()
    }

    #[test]
    fn reads_need_nothing() {
        assert!(allowed(Method::GET, &[("sec-fetch-site", "cross-site")]));
    }

    #[test]
    fn writes_need_our_header_and_our_origin() {
        let ours = (CSRF_HEADER, "1");
        assert!(!allowed(Method::POST, &[]));
        assert!(!allowed(Method::POST, &[("sec-fetch-site", "same-origin")]));
        assert!(allowed(Method::POST, &[ours]));
        assert!(allowed(Method::POST, &[ours, ("sec-fetch-site", "same-origin")]));
        for site in ["cross-site", "same-site", "none"] {
            assert!(!allowed(Method::POST, &[ours, ("sec-fetch-site", site)]));
        }
        assert!(allowed(Method::POST, &[ours, ("host", "a.test:4000"), ("origin", "http://a.test:4000")]));
        for origin in ["http://evil.test", "http://a.test:4001", "null"] {
            assert!(!allowed(Method::POST, &[ours, ("host", "a.test:4000"), ("origin", origin)]));
        }
    }
}
