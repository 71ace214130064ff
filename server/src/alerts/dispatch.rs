//! Who is told of what: from the outbox into the channels.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use sea_orm::DbErr;
use tollgate_openapi::alert::{AlertLevel, AlertType, ChannelKind};

use super::names::Names;
use super::{Alerts, Channel, Message};
use crate::db;
use crate::db::alert::Model as Alert;
use crate::db::alert_delivery::{MUTED, Model as Delivery, PENDING};

/// Alerts of one transaction.
const BATCH_MAX: u64 = 1_000;
/// People who are told of a budget because it is theirs.
const OWNERS_MAX: usize = 20;
/// Role of those who run a team.
const TEAM_ADMIN: &str = "admin";
/// Role of those who run an organization.
const ORGANIZATION_ADMIN: &str = "org_admin";

impl Alerts {
    /// Decides for what waits in the outbox who is told. Returns whether more may wait.
    pub(super) async fn dispatch(&self) -> Result<bool, DbErr> {
        let mut waiting = db::alert::waiting(&self.db, BATCH_MAX).await?;
        if waiting.is_empty() {
            return Ok(false);
        }
        let channels = self.channels().await?;
        let now = db::stored_time(self.clock.now());
        let names = Names::of(&self.db, &waiting).await?;
        let owners = self.owners(&channels, &waiting).await?;
        let mut deliveries = Vec::new();
        for alert in &waiting {
            for channel in channels.iter().filter(|channel| channel.tells(alert)) {
                let nobody = BTreeSet::new();
                let owners = owners.get(&alert.id).unwrap_or(&nobody);
                deliveries.extend(
                    recipients(channel, owners)
                        .into_iter()
                        .map(|recipient| self.delivery(channel, alert, recipient, now)),
                );
            }
        }
        // Rows are locked in the order in which those who raise alerts lock them.
        waiting.sort_by(|one, other| one.dedup_key.cmp(&other.dedup_key));
        let transaction = db::begin(&self.db).await?;
        db::alert_delivery::insert(&transaction, deliveries).await?;
        for alert in &waiting {
            let words = Message::of(alert, &names, self.timezone).map(|message| message.words.stored());
            db::alert::set_dispatched(&transaction, alert.id, words.unwrap_or_default(), now).await?;
        }
        transaction.commit().await?;
        Ok(waiting.len() >= usize::try_from(BATCH_MAX).unwrap_or(usize::MAX))
    }

    fn delivery(&self, channel: &Channel, alert: &Alert, recipient: String, now: DateTime<Utc>) -> Delivery {
        let level = AlertLevel::named(&alert.level).unwrap_or(AlertLevel::High);
        let state = if channel.is_muted(now) { MUTED } else { PENDING };
        Delivery {
            id: 0,
            alert_id: alert.id,
            channel_id: channel.id.clone(),
            recipient,
            state: state.to_owned(),
            attempts: 0,
            error: None,
            next_attempt_at: db::stored_time(channel.not_before(level, now, self.timezone)),
            sent_at: None,
            digest_of: None,
        }
    }

    /// The addresses of those whom budgets and keys belong to, by alert: the owner of a key or user, and who runs a team
    /// or an organization, or the team of a key that is nobody's. Only the configured channel for e-mail tells them.
    async fn owners(&self, channels: &[Channel], alerts: &[Alert]) -> Result<HashMap<i64, BTreeSet<String>>, DbErr> {
        let mut owners = HashMap::new();
        if !channels.iter().any(tells_owners) {
            return Ok(owners);
        }
        let told = [AlertType::BudgetAlerts.name(), AlertType::CredentialExpiring.name()];
        for alert in alerts.iter().filter(|alert| told.contains(&alert.alert_type.as_str())) {
            let mut ids: Vec<String> = alert.user_id.iter().cloned().collect();
            match (alert.subject_kind.as_str(), &alert.team_id, &alert.organization_id) {
                ("key", ..) if alert.user_id.is_some() => {}
                ("team" | "key", Some(team_id), _) => {
                    let members = db::team_member::of_team(&self.db, team_id).await?.into_iter();
                    ids.extend(members.filter(|one| one.role == TEAM_ADMIN).map(|one| one.user_id).take(OWNERS_MAX));
                }
                ("organization", _, Some(id)) => {
                    let members = db::organization_member::all_of_organization(&self.db, id).await?.into_iter();
                    let run_it = members.filter(|one| one.user_role == ORGANIZATION_ADMIN);
                    ids.extend(run_it.map(|one| one.user_id).take(OWNERS_MAX));
                }
                _ => {}
            }
            let users = db::user::find_many(&self.db, &ids).await?;
            let emails = users.into_iter().filter(|user| !user.blocked).filter_map(|user| user.user_email);
            owners.insert(alert.id, emails.collect());
        }
        Ok(owners)
    }
}

/// Whether those are told whom budgets belong to.
fn tells_owners(channel: &Channel) -> bool {
    channel.kind == ChannelKind::Email && channel.row.is_none()
}

/// Who is told in a channel: of e-mail each address by itself.
fn recipients(channel: &Channel, owners: &BTreeSet<String>) -> Vec<String> {
    if channel.kind != ChannelKind::Email {
        return vec![String::new()];
    }
    let owners = owners.iter().filter(|_| tells_owners(channel));
    let all: BTreeSet<String> = channel.email_to.iter().chain(owners).map(|one| one.to_lowercase()).collect();
    all.into_iter().collect()
}
