//! Who may set a channel, and what a channel needs.

use sea_orm::ConnectionTrait;
use tollgate_openapi::alert::{ChannelKind, QuietHours};

use super::NOT_FOUND;
use crate::alerts::{Channel, host_of};
use crate::app::App;
use crate::auth::Principal;
use crate::config::Secret;
use crate::crypto::random_bytes;
use crate::db;
use crate::db::alert_channel::{Model, place};
use crate::domain::permission::Action;
use crate::domain::webhook::secret_of;
use crate::error::{ApiError, ApiResult};

/// Bytes of a webhook's key.
const KEY_BYTES: usize = 32;

/// Goes on where the caller may do `action` with the channels of this organization or team; of neither: of the gateway.
pub(in crate::management) async fn authorize(
    db: &impl ConnectionTrait,
    principal: &Principal,
    action: Action,
    (organization_id, team_id): (Option<&str>, Option<&str>),
) -> ApiResult<()> {
    if organization_id.is_none() && team_id.is_none() {
        return principal.authorize_on(action, &[], NOT_FOUND);
    }
    let team = match team_id {
        Some(team_id) => db::team::find(db, team_id).await?,
        None => None,
    };
    let organization_id = organization_id.or(team.as_ref().and_then(|team| team.organization_id.as_deref()));
    let known_team = team.as_ref().map(|team| team.team_id.as_str());
    principal.authorize_on(action, &principal.relations(None, known_team, organization_id), NOT_FOUND)
}

/// The channel, where the caller may have something told in it.
pub(in crate::management) async fn channel_to_tell(
    app: &App,
    db: &impl ConnectionTrait,
    principal: &Principal,
    channel_id: &str,
) -> ApiResult<Channel> {
    let row = db::alert_channel::find(db, channel_id).await?;
    let of = row.as_ref().map_or((None, None), |row| (row.organization_id.as_deref(), row.team_id.as_deref()));
    authorize(db, principal, Action::AlertWrite, of).await?;
    let found = match row {
        Some(row) => Channel::of_row(row, &app.alerts.settings.load()),
        None => app.alerts.configured().into_iter().find(|channel| channel.id == channel_id),
    };
    found.ok_or_else(|| ApiError::not_found(NOT_FOUND))
}

/// Where a new channel leads.
#[derive(Debug, Default)]
pub(super) struct Leads {
    /// Address or routing key, as they were sent.
    pub(super) url: Option<String>,
    pub(super) routing_key: Option<String>,
    /// E-mail addresses.
    pub(super) email_to: Vec<String>,
}

/// Refuses what a channel of this kind cannot do with, and what it does not take.
pub(super) fn check(kind: ChannelKind, leads: &Leads, quiet_hours: Option<&QuietHours>) -> ApiResult<()> {
    let wrong = |field: &'static str, expected: &str| Err(ApiError::bad_request(field, format!("{field}: {expected}")));
    let takes_url = kind != ChannelKind::Email;
    let needs_url = takes_url && kind != ChannelKind::Pagerduty;
    if needs_url && leads.url.is_none() {
        return wrong("url", "expected the address that the channel leads to");
    }
    if !takes_url && leads.url.is_some() {
        return wrong("url", "e-mail has no address of the web: name addresses in `email_to`");
    }
    if leads.url.as_deref().is_some_and(|url| host_of(url).is_none()) {
        return wrong("url", "expected an http or https address");
    }
    if (kind == ChannelKind::Pagerduty) != leads.routing_key.is_some() {
        return wrong("routing_key", "expected PagerDuty's integration key, for a channel of the kind pagerduty only");
    }
    if (kind == ChannelKind::Email) == leads.email_to.is_empty() {
        return wrong("email_to", "expected at least one e-mail address, for a channel of the kind email only");
    }
    check_zone(quiet_hours)
}

/// Refuses a time zone that is none.
pub(super) fn check_zone(quiet_hours: Option<&QuietHours>) -> ApiResult<()> {
    let zone = quiet_hours.and_then(|hours| hours.timezone.as_deref());
    match zone.filter(|zone| zone.parse::<chrono_tz::Tz>().is_err()) {
        Some(_) => {
            let expected = "quiet_hours.timezone: expected a time zone such as \"Europe/Berlin\"";
            Err(ApiError::bad_request("quiet_hours", expected))
        }
        None => Ok(()),
    }
}

/// Seals where a channel leads into its row.
pub(super) fn seal(app: &App, row: &mut Model, leads: &Leads) -> ApiResult<()> {
    let sealed = |text: &str| app.sealer.seal(&place(&row.channel_id), text).map_err(ApiError::internal);
    if let Some(url) = &leads.url {
        row.sealed_target = Some(sealed(url)?);
        row.host = host_of(url);
    }
    if let Some(key) = &leads.routing_key {
        row.sealed_secret = Some(sealed(key)?);
    }
    Ok(())
}

/// A new secret to sign webhooks with, sealed into the row.
pub(super) fn new_secret(app: &App, row: &mut Model) -> ApiResult<Secret> {
    let secret = secret_of(&random_bytes::<KEY_BYTES>().map_err(ApiError::internal)?);
    let sealed = app.sealer.seal(&place(&row.channel_id), &secret).map_err(ApiError::internal)?;
    row.sealed_secret = Some(sealed);
    Ok(Secret::new(secret))
}
