//! Organizations as they are shown.

use std::collections::HashMap;

use serde_json::Value;
use tollgate_openapi::organization::OrganizationView;

use crate::app::App;
use crate::db;
use crate::db::limit::Model as Limit;
use crate::db::organization::Model;
use crate::error::ApiResult;
use crate::management::limit::Limited;
use crate::management::{change, limit, only};

/// Shows one organization.
pub(super) async fn view(app: &App, organization: Model) -> ApiResult<OrganizationView> {
    only(views(app, vec![organization]).await?)
}

/// Shows organizations with their teams, limits and spend, in a few queries however many there are.
pub(super) async fn views(app: &App, organizations: Vec<Model>) -> ApiResult<Vec<OrganizationView>> {
    let ids: Vec<String> = organizations.iter().map(|organization| organization.organization_id.clone()).collect();
    let mut limited = limit::limited_views(app, &app.db, limit::ORGANIZATION, &ids).await?;
    let mut teams: HashMap<String, Vec<String>> = HashMap::new();
    for (organization_id, team_id) in db::team::ids_by_organization(&app.db, &ids).await? {
        teams.entry(organization_id).or_default().push(team_id);
    }
    let mut counts: HashMap<String, i64> =
        db::organization_member::count_by_organization(&app.db, &ids).await?.into_iter().collect();
    let shown = organizations.into_iter().map(|organization| {
        let limited = limited.remove(&organization.organization_id).unwrap_or_default();
        let teams = teams.remove(&organization.organization_id).unwrap_or_default();
        let members_count = counts.remove(&organization.organization_id).unwrap_or_default().unsigned_abs();
        show(organization, limited, teams, members_count)
    });
    Ok(shown.collect())
}

/// An organization as the audit chain keeps it.
pub(super) fn snapshot(organization: &Model, limits: &Limit) -> Value {
    let mut shown = change::snapshot(&show(organization.clone(), Limited::unspent(limits.clone()), Vec::new(), 0));
    if let Some(fields) = shown.as_object_mut() {
        ["teams", "members_count"].into_iter().for_each(|name| drop(fields.remove(name)));
    }
    shown
}

fn show(organization: Model, limited: Limited, teams: Vec<String>, members_count: u64) -> OrganizationView {
    OrganizationView {
        organization_id: organization.organization_id,
        organization_alias: organization.organization_alias,
        timezone: organization.timezone,
        cost_center: organization.cost_center,
        teams,
        members_count,
        models: organization.models.0,
        metadata: organization.metadata.0,
        limits: limited.limits,
        standing: limited.standing,
        created_at: organization.created_at,
        created_by: organization.created_by,
        updated_at: organization.updated_at,
        updated_by: organization.updated_by,
        other: organization.other.0.into_iter().collect(),
    }
}
