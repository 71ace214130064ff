//! `GET /spend/prices`: what deployments cost, and since when.

use std::collections::BTreeMap;

use actix_web::web;
use serde_json::Value;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::spend::{PricePage, PriceQuery, PriceSource, PriceView};

use super::dates;
use crate::app::App;
use crate::auth::Principal;
use crate::db::model_price::{self, Filter, Model};
use crate::domain::permission::Action;
use crate::domain::price::Rate;
use crate::error::ApiResult;
use crate::management::Query;
use crate::management::page::page_of;

/// List price changes
///
/// What each deployment costs, since when and by whom, the latest first: of config.yaml, the database and the catalog. An
/// entry holds until the next one of the same deployment, and is never changed; calls keep the cost they were booked with.
#[utoipa::path(
    get,
    path = paths::SPEND_PRICES,
    operation_id = "spend_price_list",
    tag = "spend",
    params(PriceQuery),
    responses(
        (status = 200, description = "A page of entries", body = PricePage),
        (status = 403, description = "A virtual key asks", body = ErrorEnvelope),
    ),
)]
pub async fn list(
    app: web::Data<App>,
    principal: Principal,
    query: Query<PriceQuery>,
) -> ApiResult<web::Json<PricePage>> {
    principal.authorize_list(Action::ModelRead)?;
    let PriceQuery { model, model_id, provider, start_date, end_date, page, page_size, cursor } = query.0;
    let filter = Filter {
        model_name: model,
        model_id,
        provider,
        start: start_date.map(|text| dates::start_of("start_date", &text)).transpose()?,
        before: end_date.map(|text| dates::end_of("end_date", &text)).transpose()?,
    };
    let page_of = page_of(model_price::ORDER, page, page_size, cursor.as_deref())?;
    let found = model_price::page(&app.db, filter, &page_of).await?;
    let sees_who = principal.may_see_everything();
    Ok(web::Json(PricePage {
        prices: found.rows.into_iter().map(|row| view(row, sees_who)).collect(),
        total: found.total,
        page: found.page,
        page_size,
        total_pages: found.total.div_ceil(page_size),
        next_cursor: found.next.map(|next| next.to_string()),
    }))
}

fn view(row: Model, sees_who: bool) -> PriceView {
    let dollars = |price: &Value| Rate::parse(price.as_str()?).ok().map(Rate::to_usd);
    let prices: BTreeMap<_, _> =
        row.prices.0.iter().filter_map(|(name, price)| Some((name.clone(), dollars(price)?))).collect();
    PriceView {
        id: row.id,
        model_id: row.model_id,
        model_name: row.model_name,
        provider: row.provider,
        upstream_model: row.upstream_model,
        prices,
        source: match &*row.source {
            model_price::CATALOG => PriceSource::Catalog,
            model_price::CONFIG => PriceSource::Config,
            model_price::DATABASE => PriceSource::Database,
            _ => PriceSource::Unknown,
        },
        effective_at: row.effective_at,
        is_end: row.is_end,
        changed_by: row.changed_by.filter(|_| sees_who),
    }
}
