//! Who may do what: one table of role × action × relation to the object.

#[cfg(test)]
mod tests;

use tollgate_openapi::session::UserRole;

/// What is attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Make a key.
    KeyCreate,
    /// See a key's settings and spend.
    KeyRead,
    /// Change a key.
    KeyUpdate,
    /// Delete a key.
    KeyDelete,
    /// Block or unblock a key.
    KeyBlock,
    /// See the spend and the calls of an object.
    SpendRead,
    /// See the gateway's whole spend.
    SpendReadAll,
    /// Say what an interrupted call cost.
    SpendResolve,
    /// Freeze the figures of a month.
    MonthClose,
    /// Book an entry to a month that no call made.
    AdjustmentCreate,
    /// See the models and their state.
    ModelRead,
    /// Add, change, block, try or delete a deployment.
    ModelWrite,
    /// See, make, change or delete credentials of providers.
    CredentialWrite,
    /// See the gateway's settings.
    SettingsRead,
    /// Change settings while the gateway runs.
    SettingsWrite,
    /// See reusable budgets.
    BudgetRead,
    /// Make, change or delete a reusable budget.
    BudgetWrite,
    /// Make a team.
    TeamCreate,
    /// See a team, its members, limits and spend.
    TeamRead,
    /// Change what a team is called, may use and keeps.
    TeamUpdate,
    /// Add, change or remove members of a team.
    TeamMembers,
    /// Set a team's limits or organization, block it or delete it.
    TeamAdminister,
    /// See a user, their limits and spend.
    UserRead,
    /// Make, change or delete a user.
    UserWrite,
    /// Invite a user who has never signed in.
    UserInvite,
    /// See customers.
    CustomerRead,
    /// Make, change, block or delete a customer.
    CustomerWrite,
    /// See organizations.
    OrganizationRead,
    /// Make an organization.
    OrganizationCreate,
    /// Change or delete an organization.
    OrganizationWrite,
    /// Add, change or remove members of an organization.
    OrganizationMembers,
    /// See tags.
    TagRead,
    /// Make, change or delete a tag.
    TagWrite,
    /// See providers of single sign-on.
    SsoRead,
    /// Add, change or remove one.
    SsoWrite,
    /// Forget cached answers.
    CacheWrite,
    /// See who changed what.
    AuditRead,
    /// See alerts and where they are told.
    AlertRead,
    /// Say where alerts are told.
    AlertWrite,
    /// Read a saved report.
    ReportRead,
    /// Save, change, send or delete a report.
    ReportWrite,
    /// See and end one's own session.
    Session,
}

impl Action {
    /// Every action, in the order of the table.
    pub const ALL: [Self; 42] = [
        Self::KeyCreate,
        Self::KeyRead,
        Self::KeyUpdate,
        Self::KeyDelete,
        Self::KeyBlock,
        Self::SpendRead,
        Self::SpendReadAll,
        Self::SpendResolve,
        Self::MonthClose,
        Self::AdjustmentCreate,
        Self::ModelRead,
        Self::ModelWrite,
        Self::CredentialWrite,
        Self::SettingsRead,
        Self::SettingsWrite,
        Self::BudgetRead,
        Self::BudgetWrite,
        Self::TeamCreate,
        Self::TeamRead,
        Self::TeamUpdate,
        Self::TeamMembers,
        Self::TeamAdminister,
        Self::UserRead,
        Self::UserWrite,
        Self::UserInvite,
        Self::CustomerRead,
        Self::CustomerWrite,
        Self::OrganizationRead,
        Self::OrganizationCreate,
        Self::OrganizationWrite,
        Self::OrganizationMembers,
        Self::TagRead,
        Self::TagWrite,
        Self::SsoRead,
        Self::SsoWrite,
        Self::CacheWrite,
        Self::AuditRead,
        Self::AlertRead,
        Self::AlertWrite,
        Self::ReportRead,
        Self::ReportWrite,
        Self::Session,
    ];

    /// The action that shows the same object: whoever may not do even that is not told that the object exists.
    /// `None`: it is about no single object, or about one whose kind is closed to all but administrators.
    const fn reading(self) -> Option<Self> {
        match self {
            Self::KeyRead | Self::KeyUpdate | Self::KeyDelete | Self::KeyBlock => Some(Self::KeyRead),
            Self::SpendRead => Some(Self::SpendRead),
            Self::TeamRead | Self::TeamUpdate | Self::TeamMembers | Self::TeamAdminister => Some(Self::TeamRead),
            Self::UserRead | Self::UserInvite => Some(Self::UserRead),
            Self::AlertRead | Self::AlertWrite => Some(Self::AlertRead),
            Self::ReportRead | Self::ReportWrite => Some(Self::ReportRead),
            Self::OrganizationRead | Self::OrganizationWrite | Self::OrganizationMembers => {
                Some(Self::OrganizationRead)
            }
            _ => None,
        }
    }
}

/// How the principal stands to the object. Where several hold, ask for each and take the best answer
/// ([`Decision::best`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// It belongs to the principal.
    Own,
    /// It belongs to a team of which the principal is an admin.
    Team,
    /// It belongs to a team of which the principal is a member, or is the organization of which they are one.
    Member,
    /// It belongs to an organization of which the principal is an admin, or is that organization.
    Organization,
    /// None of these, or there is no object.
    None,
}

impl Relation {
    /// Every relation, in the order of the table.
    pub const ALL: [Self; 5] = [Self::Own, Self::Team, Self::Member, Self::Organization, Self::None];
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// The object does not exist for the principal: 404, or left out of a list.
    Hide,
    /// The principal may know of the object but not do this: 403.
    Forbid,
    /// Go on.
    Allow,
}

impl Decision {
    /// The better of two answers, for principals that stand to an object in more than one way.
    #[must_use]
    pub fn best(self, other: Self) -> Self {
        self.max(other)
    }

    /// True for [`Self::Allow`].
    #[must_use]
    pub fn is_allowed(self) -> bool {
        self == Self::Allow
    }
}

/// The decision for `role` to do `action` on an object it stands to as `relation` says.
#[must_use]
pub fn decide(role: UserRole, action: Action, relation: Relation) -> Decision {
    if allows(role, action, relation) {
        return Decision::Allow;
    }
    if action.reading().is_some_and(|reading| !allows(role, reading, relation)) {
        return Decision::Hide;
    }
    Decision::Forbid
}

/// The table.
fn allows(role: UserRole, action: Action, relation: Relation) -> bool {
    use Action as A;
    use Relation as R;
    match (role, action) {
        (UserRole::ProxyAdmin, _) | (_, A::ModelRead | A::Session) => true,
        (UserRole::ProxyAdminViewer, action) => is_reading(action),
        (_, A::SpendReadAll | A::SpendResolve | A::MonthClose | A::AdjustmentCreate) => false,
        (_, A::SettingsRead | A::SettingsWrite | A::AuditRead) => false,
        (_, A::ModelWrite | A::CredentialWrite) => false,
        (_, A::BudgetRead | A::CustomerRead | A::TagRead) => false,
        (_, A::BudgetWrite | A::CustomerWrite | A::TagWrite | A::UserWrite | A::CacheWrite) => false,
        (_, A::SsoRead | A::SsoWrite) => false,
        (_, A::OrganizationCreate | A::OrganizationWrite) => false,
        // What a report tells is what its owner may see: nobody else says where it goes.
        (_, A::ReportRead) => relation != R::None,
        (role, A::ReportWrite) => relation == R::Own && role != UserRole::InternalUserViewer,
        // Who administers an organization does so whatever they may do elsewhere.
        (_, _) if relation == R::Organization => true,
        (_, A::TeamCreate | A::TeamAdminister | A::OrganizationMembers | A::UserInvite) => false,
        (_, A::OrganizationRead) => relation == R::Member,
        (_, A::UserRead) => matches!(relation, R::Own | R::Team),
        (_, A::TeamRead) => matches!(relation, R::Team | R::Member),
        (UserRole::OrgAdmin | UserRole::InternalUser, A::TeamUpdate | A::TeamMembers) => relation == R::Team,
        // Blocking is an administrator's measure: the owner of a key deletes it instead.
        (UserRole::OrgAdmin | UserRole::InternalUser, A::KeyBlock) => relation == R::Team,
        (UserRole::OrgAdmin | UserRole::InternalUser, _) => matches!(relation, R::Own | R::Team),
        (UserRole::InternalUserViewer, A::KeyRead | A::SpendRead | A::AlertRead) => relation == R::Own,
        (UserRole::InternalUserViewer, _) => false,
    }
}

/// What a viewer of everything may do.
const fn is_reading(action: Action) -> bool {
    use Action as A;
    matches!(
        action,
        A::KeyRead
            | A::SpendRead
            | A::SpendReadAll
            | A::SettingsRead
            | A::BudgetRead
            | A::TeamRead
            | A::UserRead
            | A::CustomerRead
            | A::OrganizationRead
            | A::TagRead
            | A::AuditRead
            | A::AlertRead
            | A::ReportRead
            | A::SsoRead
    )
}
