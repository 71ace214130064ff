//! Schema of Tollgate's database: one file a change, each reversible, the same for SQLite and Postgres.
//!
//! Money is `BIGINT` in nano-dollars. Times are `timestamp with time zone`. JSON keeps the text it was given, so that
//! hashes over it can be checked again.

mod m20261121_000001_initial;
mod m20261121_000002_limits;
mod m20261121_000003_ledger;
mod m20261121_000004_tags;
mod m20261121_000005_stored_fields;
mod m20261121_000006_report_sums;
mod m20261121_000007_charges;
mod m20261121_000008_key_lists;
mod m20261122_000001_models;
mod m20261122_000002_identity;
mod m20261122_000003_sso;
mod m20261122_000004_audit_lists;
mod m20261122_000005_organization;
mod m20261122_000006_key_secrets;
mod m20261122_000008_scim;
mod m20261122_000010_settings;
mod m20261122_000011_tenant_reports;
mod m20261122_000012_alerts;
mod m20261122_000013_finance;
mod m20261122_000014_reports;
mod m20261123_000015_corrections;
mod m20261123_000016_outages;
mod m20261123_000017_prices;
mod m20261123_000018_carries;
mod m20261123_000019_whole_gateway;
mod table;

use sea_orm_migration::MigrationTrait;
pub use sea_orm_migration::MigratorTrait;

/// Every change, oldest first.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_initial::Migration),
            Box::new(m20261121_000002_limits::Migration),
            Box::new(m20261121_000003_ledger::Migration),
            Box::new(m20261121_000004_tags::Migration),
            Box::new(m20261121_000005_stored_fields::Migration),
            Box::new(m20261121_000006_report_sums::Migration),
            Box::new(m20261121_000007_charges::Migration),
            Box::new(m20261121_000008_key_lists::Migration),
            Box::new(m20261122_000001_models::Migration),
            Box::new(m20261122_000002_identity::Migration),
            Box::new(m20261122_000003_sso::Migration),
            Box::new(m20261122_000004_audit_lists::Migration),
            Box::new(m20261122_000005_organization::Migration),
            Box::new(m20261122_000006_key_secrets::Migration),
            Box::new(m20261122_000008_scim::Migration),
            Box::new(m20261122_000010_settings::Migration),
            Box::new(m20261122_000011_tenant_reports::Migration),
            Box::new(m20261122_000012_alerts::Migration),
            Box::new(m20261122_000013_finance::Migration),
            Box::new(m20261122_000014_reports::Migration),
            Box::new(m20261123_000015_corrections::Migration),
            Box::new(m20261123_000016_outages::Migration),
            Box::new(m20261123_000017_prices::Migration),
            Box::new(m20261123_000018_carries::Migration),
            Box::new(m20261123_000019_whole_gateway::Migration),
        ]
    }
}
