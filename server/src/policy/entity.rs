//! What a call is charged to besides its key: users, teams, customers and so on, as they are held in memory.

use std::sync::Arc;

use chrono_tz::Tz;

use super::{Account, ModelAccess, OwnCallbacks, RoutingOverrides};
use crate::domain::region::Region;

/// Kinds of entities that carry limits, beside keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntityKind {
    /// A user in a team; its id is `team_id/user_id`.
    TeamMember,
    /// A user in an organization; its id is `organization_id/user_id`.
    OrganizationMember,
    /// The owner of a key.
    User,
    /// A team.
    Team,
    /// An organization.
    Organization,
    /// The end user that a call names.
    Customer,
    /// A tag of a call.
    Tag,
    /// Whose models serve a call.
    Provider,
    /// All calls together; the only one of its kind is [`GATEWAY`].
    Gateway,
}

/// The id of the gateway as a whole.
pub const GATEWAY: &str = "gateway";

impl EntityKind {
    /// Every kind, the nearest to a call first.
    pub const ALL: [Self; 9] = [
        Self::TeamMember,
        Self::OrganizationMember,
        Self::User,
        Self::Team,
        Self::Organization,
        Self::Customer,
        Self::Tag,
        Self::Provider,
        Self::Gateway,
    ];

    /// What it is called everywhere: in `limits`, in the ledger, in messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TeamMember => "team_member",
            Self::OrganizationMember => "organization_member",
            Self::User => "user",
            Self::Team => "team",
            Self::Organization => "organization",
            Self::Customer => "customer",
            Self::Tag => "tag",
            Self::Provider => "provider",
            Self::Gateway => GATEWAY,
        }
    }

    /// What its limits for a single model are called.
    #[must_use]
    pub const fn model_scope(self) -> &'static str {
        match self {
            Self::TeamMember => "team_member_model",
            Self::OrganizationMember => "organization_member_model",
            Self::User => "user_model",
            Self::Team => "team_model",
            Self::Organization => "organization_model",
            Self::Customer => "customer_model",
            Self::Tag => "tag_model",
            Self::Provider => "provider_model",
            Self::Gateway => "gateway_model",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Few of many have limits: only those are charged, and where there are none of a kind, none is looked up.
    #[must_use]
    pub const fn is_seldom_limited(self) -> bool {
        matches!(self, Self::OrganizationMember | Self::Customer | Self::Tag)
    }
}

/// One of them, immutable.
#[derive(Debug)]
pub struct Entity {
    /// What it is.
    pub kind: EntityKind,
    /// Its id.
    pub id: Arc<str>,
    /// Calls of a blocked one are refused.
    pub is_blocked: bool,
    /// Models it may use.
    pub models: ModelAccess,
    /// Its limits.
    pub account: Account,
    /// The organizations it belongs to: none or one, but for users.
    pub organizations: Vec<Arc<str>>,
    /// Whose calendar its budget windows follow.
    pub time_zone: Tz,
    /// The part of the world that calls of a customer may not leave.
    pub region: Option<Region>,
    /// How calls of a team are routed, where it says so.
    pub routing: Option<Arc<RoutingOverrides>>,
    /// Tools that are told of calls of a team, where it names some.
    pub callbacks: Option<Arc<OwnCallbacks>>,
}

impl Entity {
    /// How people call it, where it has a name besides its id.
    #[must_use]
    pub fn alias(&self) -> Option<Arc<str>> {
        let name = self.account.whole.name.strip_suffix(')')?.strip_suffix(&*self.id)?.strip_suffix(" (")?;
        Some(Arc::from(name))
    }
}
