//! Where a report is sent, and whether its owner still may have it sent there.

use super::rules::check_address;
use crate::alerts::Channel;
use crate::app::App;
use crate::auth::Principal;
use crate::db::report::Model;
use crate::domain::permission::Action;
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

    /// Goes on where the report's owner still may have it sent here, or an administrator chose it for them; else says in
    /// words that they may not.
    pub(super) async fn check(&self, app: &App, owner: &Principal, report: &Model) -> Result<(), String> {
        let (name, called) = match self {
            Self::Storage => (STORAGE.to_owned(), "the storage"),
            Self::Letter(address) => (name_of_address(address), *address),
            Self::Channel(channel, _) => (name_of_channel(&channel.id), channel.name.as_str()),
        };
        if report.definition.granted.contains(&name) {
            return Ok(());
        }
        let allowed = match self {
            Self::Storage if owner.is_admin() => return Ok(()),
            Self::Storage => return Err(refused(called)),
            Self::Letter(address) => check_address(&app.db, owner, address).await,
            Self::Channel(channel, _) => {
                let of = (channel.organization_id.as_deref(), channel.team_id.as_deref());
                rules::authorize(&app.db, owner, Action::AlertWrite, of).await
            }
        };
        match allowed {
            Err(error) if error.status().is_client_error() => Err(refused(called)),
            Err(error) => Err(format!("{called}: {}", error.message())),
            Ok(()) => Ok(()),
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

fn refused(called: &str) -> String {
    format!("{called}: not sent, the report's owner may not have it sent there any more")
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

/// The places of `after` that an administrator chose for its owner: those of before that are still there, and what is new
/// where it is somebody else who changes it.
pub(super) fn granted(principal: &Principal, before: &Model, after: &Model) -> Vec<String> {
    let known = names(before);
    let is_others = principal.user_id != before.user_id;
    let is_granted = |name: &String| before.definition.granted.contains(name) || is_others && !known.contains(name);
    names(after).into_iter().filter(is_granted).collect()
}

fn names(report: &Model) -> Vec<String> {
    let storage = report.is_stored.then(|| STORAGE.to_owned());
    let addresses = report.email_to.0.iter().map(|address| name_of_address(address));
    let channels = report.channel_ids.0.iter().map(|id| name_of_channel(id));
    storage.into_iter().chain(addresses).chain(channels).collect()
}
