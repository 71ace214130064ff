//! `GET /alert/list` and `GET /alert/channel/list`.

use std::collections::HashMap;

use actix_web::web;
use tollgate_openapi::alert::{AlertChannelList, AlertLevel, AlertListQuery, AlertPage, AlertType, COUNTED_MAX};
use tollgate_openapi::paths;

use super::view;
use crate::alerts::Channel;
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::db::alert::{Filter, ORDER};
use crate::domain::permission::Action;
use crate::error::ApiResult;
use crate::management::spend::dates;
use crate::management::{Query, page_of};

/// List alerts
///
/// What happened, the newest first, and what became of it in each channel. Everybody sees what is theirs; who runs a team or
/// an organization, what is of it.
#[utoipa::path(
    get,
    path = paths::ALERT_LIST,
    operation_id = "alert_list",
    tag = "alert",
    params(AlertListQuery),
    responses(
        (status = 200, description = "A page of alerts", body = AlertPage),
    ),
)]
pub async fn list(
    app: web::Data<App>,
    principal: Principal,
    query: Query<AlertListQuery>,
) -> ApiResult<web::Json<AlertPage>> {
    let query = query.0;
    principal.authorize_list(Action::AlertRead)?;
    let page = page_of(ORDER, query.page, query.page_size, query.cursor.as_deref())?.counted_to(COUNTED_MAX);
    let filter = Filter {
        alert_type: query.alert_type.map(AlertType::name),
        level: query.level.map(AlertLevel::name),
        start: query.start_date.map(|text| dates::start_of("start_date", &text)).transpose()?,
        before: query.end_date.map(|text| dates::end_of("end_date", &text)).transpose()?,
    };
    let found = db::alert::list(&app.db, &principal.scope(), filter, &page).await?;
    let names: HashMap<String, String> =
        channels_of(&app, &principal).await?.into_iter().map(|channel| (channel.id, channel.name)).collect();
    let sees_all = principal.may_see_everything();
    Ok(web::Json(AlertPage {
        alerts: view::alerts(&app, found.rows, &names, sees_all).await?,
        total: found.total,
        page: found.page,
        page_size: query.page_size,
        total_pages: found.total.div_ceil(query.page_size),
        next_cursor: found.next.map(|next| next.to_string()),
    }))
}

/// List channels
///
/// Those of the teams and organizations that the caller runs; administrators of the gateway see all.
#[utoipa::path(
    get,
    path = paths::ALERT_CHANNEL_LIST,
    operation_id = "alert_channel_list",
    tag = "alert",
    responses(
        (status = 200, description = "The channels", body = AlertChannelList),
    ),
)]
pub async fn channels(app: web::Data<App>, principal: Principal) -> ApiResult<web::Json<AlertChannelList>> {
    principal.authorize_list(Action::AlertRead)?;
    let mut states: HashMap<_, _> = db::alert_channel_state::all(&app.db)
        .await?
        .into_iter()
        .map(|state| (state.channel_id.clone(), state))
        .collect();
    let channels = channels_of(&app, &principal).await?.into_iter().map(|mut channel| {
        let state = states.remove(&channel.id);
        channel.muted_until = state.as_ref().and_then(|state| state.muted_until);
        view::show(channel, state)
    });
    Ok(web::Json(AlertChannelList { channels: channels.collect() }))
}

/// The channels that the caller sees.
async fn channels_of(app: &App, principal: &Principal) -> ApiResult<Vec<Channel>> {
    let mut channels = if principal.may_see_everything() { app.alerts.configured() } else { Vec::new() };
    let settings = app.alerts.settings.load_full();
    let stored = db::alert_channel::list(&app.db, &principal.scope()).await?;
    channels.extend(stored.into_iter().filter_map(|row| Channel::of_row(row, &settings)));
    Ok(channels)
}
