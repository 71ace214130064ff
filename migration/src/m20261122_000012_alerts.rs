//! Alerts as an outbox, where they are told, and what became of each there.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, json, json_null, text, text_null, timestamp_with_time_zone,
    timestamp_with_time_zone_null,
};

use crate::table::{index, sequence, unique};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let alerts = Table::create()
            .table("alerts")
            .col(sequence("id"))
            .col(text("alert_type"))
            .col(text("level"))
            .col(text("event"))
            .col(text("subject_kind"))
            .col(text("subject_id"))
            .col(text_null("organization_id"))
            .col(text_null("team_id"))
            .col(text_null("user_id"))
            // The same thing in the same window is one alert, whoever notices it.
            .col(text("dedup_key"))
            .col(json("details"))
            // As it was told; empty until then.
            .col(json_null("message"))
            .col(big_integer("occurrences"))
            .col(timestamp_with_time_zone("occurred_at"))
            .col(timestamp_with_time_zone("last_at"))
            .col(timestamp_with_time_zone_null("dispatched_at"))
            .to_owned();
        manager.create_table(alerts).await?;
        manager.create_index(unique("alerts", &["dedup_key"])).await?;
        manager.create_index(index("alerts", &["occurred_at", "id"])).await?;
        manager.create_index(index("alerts", &["subject_kind", "subject_id"])).await?;
        for column in ["organization_id", "team_id", "user_id"] {
            manager.create_index(index("alerts", &[column, "occurred_at", "id"])).await?;
        }
        // Few rows wait at any time: the index holds no others.
        let waiting = "CREATE INDEX idx_alerts_waiting ON alerts (id) WHERE dispatched_at IS NULL";
        manager.get_connection().execute_unprepared(waiting).await?;
        channels(manager).await?;
        deliveries(manager).await?;
        let leases = Table::create()
            .table("leases")
            // What one node at a time does.
            .col(text("name").primary_key())
            .col(text("holder"))
            .col(timestamp_with_time_zone("held_until"))
            .to_owned();
        manager.create_table(leases).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["leases", "alert_channel_state", "alert_deliveries", "alert_channels", "alerts"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

async fn channels(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let channels = Table::create()
        .table("alert_channels")
        .col(text("channel_id").primary_key())
        .col(text("name"))
        .col(text("kind"))
        // Address or routing key, and what messages are signed with.
        .col(text_null("sealed_target"))
        .col(text_null("sealed_secret"))
        .col(text_null("host"))
        .col(json("email_to"))
        .col(text_null("organization_id"))
        .col(text_null("team_id"))
        .col(json("alert_types"))
        .col(text("min_level"))
        .col(big_integer("messages_per_minute"))
        .col(json_null("quiet_hours"))
        .col(timestamp_with_time_zone("created_at"))
        .col(text_null("created_by"))
        .col(timestamp_with_time_zone("updated_at"))
        .col(text_null("updated_by"))
        .to_owned();
    manager.create_table(channels).await?;
    manager.create_index(index("alert_channels", &["organization_id"])).await?;
    manager.create_index(index("alert_channels", &["team_id"])).await
}

async fn deliveries(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let deliveries = Table::create()
        .table("alert_deliveries")
        .col(sequence("id"))
        .col(big_integer("alert_id"))
        .col(text("channel_id"))
        // Of e-mail, who; else empty.
        .col(text("recipient"))
        .col(text("state"))
        .col(big_integer("attempts"))
        .col(text_null("error"))
        .col(timestamp_with_time_zone("next_attempt_at"))
        .col(timestamp_with_time_zone_null("sent_at"))
        // The first alert of the digest that it was told in.
        .col(big_integer_null("digest_of"))
        .to_owned();
    manager.create_table(deliveries).await?;
    manager.create_index(unique("alert_deliveries", &["alert_id", "channel_id", "recipient"])).await?;
    let pending = "CREATE INDEX idx_alert_deliveries_pending ON alert_deliveries (channel_id, recipient, next_attempt_at) \
                   WHERE state = 'pending'";
    manager.get_connection().execute_unprepared(pending).await?;
    // Of configured channels, too.
    let state = Table::create()
        .table("alert_channel_state")
        .col(text("channel_id").primary_key())
        .col(timestamp_with_time_zone_null("muted_until"))
        .col(timestamp_with_time_zone_null("failing_since"))
        .col(big_integer("attempts"))
        .col(text_null("last_error"))
        .col(timestamp_with_time_zone_null("last_sent_at"))
        .to_owned();
    manager.create_table(state).await
}
