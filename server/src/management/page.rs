//! Pages of lists.

use actix_web::{CustomizeResponder, Responder, web};
use serde::Serialize;
use tollgate_openapi::page::{NEXT_CURSOR_HEADER, TOTAL_COUNT_HEADER};

use super::extract::problem;
use crate::db::{Cursor, PageOf};
use crate::error::{ApiError, ApiResult};

/// A page of a list that is a bare array, as LiteLLM's are.
pub type Listed<T> = CustomizeResponder<web::Json<Vec<T>>>;

/// A page of a list with so many entries on all pages, and where it ends if there are more.
pub(super) fn listed<T: Serialize>(rows: Vec<T>, total: u64, next: Option<Cursor>) -> Listed<T> {
    let page = web::Json(rows).customize().insert_header((TOTAL_COUNT_HEADER, total));
    match next {
        Some(next) => page.insert_header((NEXT_CURSOR_HEADER, next.to_string())),
        None => page,
    }
}

/// The page a query asks for, of a list in an `order` of this name.
pub(super) fn page_of(order: impl Into<String>, page: u64, size: u64, cursor: Option<&str>) -> ApiResult<PageOf> {
    PageOf::new(order, page, size, cursor).ok_or_else(|| {
        let expected = "expected the cursor that came with a page of this list, sorted the same way";
        ApiError::validation(vec![problem("value_error", &["query", "cursor"], expected)])
    })
}
