//! Where a report is sent, and whether its owner still may have it sent there.

use super::rules::check_address;
use crate::alerts::Channel;
use crate::app::App;
use crate::auth::Principal;
use crate::db::report::Model;
use crate::domain::permission::Action;
use crate::error::ApiResult;
use crate::management::alert::rules;

/// One place that a report is sent to.
pub(super) enum Place<'a> {
    /// The storage.
    Storage,
    /// An address.
    Letter(&'a str),
    /// With whom, where it is of e-mail.
    Channel(&'a Channel, String),
}

impl Place<'_> {
    /// What it is called among those that took a report.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Storage => STORAGE.to_owned(),
            Self::Letter(address) => name_of_address(address),
            Self::Channel(channel, recipient) => format!("{} {recipient}", name_of_channel(&channel.id)),
        }
    }

    /// Whether the report's owner still may have it sent here, or an administrator chose it for them.
    ///
    /// # Errors
    /// When that cannot be told now.
    pub(super) async fn is_allowed(&self, app: &App, owner: &Principal, report: &Model) -> ApiResult<bool> {
        if report.definition.granted.contains(&self.granted_as()) {
            return Ok(true);
        }
        let allowed = match self {
            Self::Storage => return Ok(owner.is_admin()),
            Self::Letter(address) => check_address(&app.db, owner, address).await,
            Self::Channel(channel, _) => {
                let of = (channel.organization_id.as_deref(), channel.team_id.as_deref());
                rules::authorize(&app.db, owner, Action::AlertWrite, of).await
            }
        };
        match allowed {
            Err(error) if error.status().is_client_error() => Ok(false),
            Err(error) => Err(error),
            Ok(()) => Ok(true),
        }
    }

    /// Says that it is not sent here.
    pub(super) fn refusal(&self) -> String {
        let called = match self {
            Self::Storage => "the storage",
            Self::Letter(address) => address,
            Self::Channel(channel, _) => channel.name.as_str(),
        };
        format!("{called}: not sent, the report's owner may not have it sent there any more")
    }

    fn granted_as(&self) -> String {
        match self {
            Self::Storage => STORAGE.to_owned(),
            Self::Letter(address) => name_of_address(address),
            Self::Channel(channel, _) => name_of_channel(&channel.id),
        }
    }
}

const STORAGE: &str = "storage";

fn name_of_address(address: &str) -> String {
    format!("email {address}")
}

fn name_of_channel(id: &str) -> String {
    format!("channel {id}")
}

/// Where a report is sent: the storage first, so that whoever is told finds its file there.
pub(super) fn of<'a>(report: &'a Model, channels: &'a [Channel]) -> Vec<Place<'a>> {
    let mut places: Vec<Place<'a>> = Vec::new();
    places.extend(report.is_stored.then_some(Place::Storage));
    places.extend(report.email_to.0.iter().map(|address| Place::Letter(address)));
    for channel in channels.iter().filter(|channel| report.channel_ids.0.contains(&channel.id)) {
        places.extend(channel.recipients().into_iter().map(|recipient| Place::Channel(channel, recipient)));
    }
    places
}

/// The places of `after` that an administrator chose for its owner: those of before that are still there, and where it is
/// somebody else who changes it, what is new, and what they leave in a list that they send though its owner may not use it
/// any more.
pub(super) async fn granted(
    app: &App,
    principal: &Principal,
    (before, after): (&Model, &Model),
    sends_places: bool,
) -> ApiResult<Vec<String>> {
    let mut granted = before.definition.granted.clone();
    if principal.user_id != before.user_id {
        let known = names(before);
        granted.extend(names(after).into_iter().filter(|name| !known.contains(name)));
        if let Some(owner) = Principal::reading_for(&app.db, &after.user_id).await?.filter(|_| sends_places) {
            for place in of(after, &app.alerts.channels().await?) {
                if !place.is_allowed(app, &owner, after).await? {
                    granted.push(place.granted_as());
                }
            }
        }
    }
    Ok(names(after).into_iter().filter(|name| granted.contains(name)).collect())
}

fn names(report: &Model) -> Vec<String> {
    let storage = report.is_stored.then(|| STORAGE.to_owned());
    let addresses = report.email_to.0.iter().map(|address| name_of_address(address));
    let channels = report.channel_ids.0.iter().map(|id| name_of_channel(id));
    storage.into_iter().chain(addresses).chain(channels).collect()
}
