//! What the caller belongs to.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DbErr};
use tollgate_openapi::organization::OrganizationRole;
use tollgate_openapi::session::{SessionOrganization, SessionTeam};
use tollgate_openapi::team::MemberRole;

use crate::db::{self, Sight};
use crate::domain::permission::Relation;

/// The teams and organizations of a person. Read with every request: whoever was removed is so at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memberships {
    teams: BTreeMap<String, MemberRole>,
    organizations: BTreeMap<String, OrganizationRole>,
}

impl Memberships {
    /// Those of a user.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn of(db: &impl ConnectionTrait, user_id: &str) -> Result<Self, DbErr> {
        let teams = db::team_member::of_user(db, user_id).await?;
        let organizations = db::organization_member::of_user(db, user_id).await?;
        let teams = teams.into_iter().map(|one| (one.team_id, MemberRole::from_name(&one.role)));
        let role = |name: &str| OrganizationRole::from_name(name);
        let organizations = organizations.into_iter().map(|one| (one.organization_id, role(&one.user_role)));
        Ok(Self { teams: teams.collect(), organizations: organizations.collect() })
    }

    /// Each team with the role in it.
    #[must_use]
    pub fn teams(&self) -> Vec<SessionTeam> {
        self.teams.iter().map(|(id, role)| SessionTeam { team_id: id.clone(), role: *role }).collect()
    }

    /// Each organization with the role in it.
    #[must_use]
    pub fn organizations(&self) -> Vec<SessionOrganization> {
        let each = self.organizations.iter();
        each.map(|(id, role)| SessionOrganization { organization_id: id.clone(), role: *role }).collect()
    }

    /// How the person stands to a team and to what is the team's, whatever the organization.
    #[must_use]
    pub fn to_team(&self, team_id: &str) -> Relation {
        match self.teams.get(team_id) {
            Some(MemberRole::Admin) => Relation::Team,
            Some(MemberRole::User) => Relation::Member,
            None => Relation::None,
        }
    }

    /// How the person stands to an organization. A member stands in no relation to what is the organization's: only its
    /// administrators do.
    #[must_use]
    pub fn to_organization(&self, organization_id: &str) -> Relation {
        match self.organizations.get(organization_id) {
            Some(OrganizationRole::OrgAdmin) => Relation::Organization,
            Some(_) => Relation::Member,
            None => Relation::None,
        }
    }

    /// Whether the person administers this organization.
    #[must_use]
    pub fn administers(&self, organization_id: &str) -> bool {
        self.to_organization(organization_id) == Relation::Organization
    }

    /// Whether the person administers any organization.
    #[must_use]
    pub fn administers_any(&self) -> bool {
        self.organizations.values().any(|role| *role == OrganizationRole::OrgAdmin)
    }

    /// Whether the person is an admin of any team.
    #[must_use]
    pub fn leads_any(&self) -> bool {
        self.teams.values().any(|role| *role == MemberRole::Admin)
    }

    /// What the person sees.
    pub(super) fn sight(&self, user_id: &str) -> Sight {
        let teams = self.teams.iter().filter(|(_, role)| **role == MemberRole::Admin);
        let organizations = self.organizations.iter().filter(|(_, role)| **role == OrganizationRole::OrgAdmin);
        Sight {
            user_id: user_id.to_owned(),
            teams: teams.map(|(id, _)| id.clone()).collect(),
            organizations: organizations.map(|(id, _)| id.clone()).collect(),
        }
    }
}
