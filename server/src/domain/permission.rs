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
    /// See the models and their state.
    ModelRead,
    /// See the gateway's settings.
    SettingsRead,
    /// See and end one's own session.
    Session,
}

impl Action {
    /// Every action, in the order of the table.
    pub const ALL: [Self; 11] = [
        Self::KeyCreate,
        Self::KeyRead,
        Self::KeyUpdate,
        Self::KeyDelete,
        Self::KeyBlock,
        Self::SpendRead,
        Self::SpendReadAll,
        Self::SpendResolve,
        Self::ModelRead,
        Self::SettingsRead,
        Self::Session,
    ];

    /// The action that shows the same object: whoever may not do even that is not told that the object exists.
    const fn reading(self) -> Self {
        match self {
            Self::KeyCreate | Self::KeyRead | Self::KeyUpdate | Self::KeyDelete | Self::KeyBlock => Self::KeyRead,
            other => other,
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
    /// It belongs to an organization of which the principal is an admin.
    Organization,
    /// None of these, or there is no object.
    None,
}

impl Relation {
    /// Every relation, in the order of the table.
    pub const ALL: [Self; 4] = [Self::Own, Self::Team, Self::Organization, Self::None];
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
    let has_object = matches!(action.reading(), Action::KeyRead | Action::SpendRead);
    if has_object && action != Action::KeyCreate && !allows(role, action.reading(), relation) {
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
        (UserRole::ProxyAdminViewer, action) => {
            matches!(action, A::KeyRead | A::SpendRead | A::SpendReadAll | A::SettingsRead)
        }
        (_, A::SpendReadAll | A::SpendResolve | A::SettingsRead) => false,
        // Blocking is an administrator's measure: the owner of a key deletes it instead.
        (UserRole::OrgAdmin, A::KeyBlock) => matches!(relation, R::Team | R::Organization),
        (UserRole::OrgAdmin, _) => relation != R::None,
        (UserRole::InternalUser, A::KeyBlock) => relation == R::Team,
        (UserRole::InternalUser, _) => matches!(relation, R::Own | R::Team),
        (UserRole::InternalUserViewer, A::KeyRead | A::SpendRead) => relation == R::Own,
        (UserRole::InternalUserViewer, _) => false,
    }
}
