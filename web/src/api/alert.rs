//! Alerts, and the channels they are told in.

use tollgate_openapi::alert::{
    AlertChannel, AlertChannelCreate, AlertChannelCreated, AlertChannelDelete, AlertChannelDeleted, AlertChannelList,
    AlertChannelPatch, AlertChannelTest, AlertChannelTested, AlertListQuery, AlertPage,
};
use tollgate_openapi::paths;

use super::{ApiError, get, post};

pub(crate) async fn list(query: AlertListQuery) -> Result<AlertPage, ApiError> {
    get(paths::ALERT_LIST, &query).await
}

pub(crate) async fn channels() -> Result<AlertChannelList, ApiError> {
    get(paths::ALERT_CHANNEL_LIST, &()).await
}

pub(crate) async fn create(channel: &AlertChannelCreate) -> Result<AlertChannelCreated, ApiError> {
    post(paths::ALERT_CHANNEL_NEW, channel).await
}

pub(crate) async fn update(change: &AlertChannelPatch) -> Result<AlertChannel, ApiError> {
    post(paths::ALERT_CHANNEL_UPDATE, change).await
}

pub(crate) async fn delete(channel_id: String) -> Result<AlertChannelDeleted, ApiError> {
    post(paths::ALERT_CHANNEL_DELETE, &AlertChannelDelete { channel_id }).await
}

pub(crate) async fn test(channel_id: String) -> Result<AlertChannelTested, ApiError> {
    post(paths::ALERT_CHANNEL_TEST, &AlertChannelTest { channel_id }).await
}
