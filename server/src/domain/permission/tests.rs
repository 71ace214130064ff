//! The whole table, printed: a change of any decision shows in the snapshot's difference.

use std::fmt::Write as _;

use super::*;

const ROLES: [UserRole; 5] = [
    UserRole::ProxyAdmin,
    UserRole::ProxyAdminViewer,
    UserRole::OrgAdmin,
    UserRole::InternalUser,
    UserRole::InternalUserViewer,
];

#[test]
fn the_table() {
    let mut table = String::new();
    for role in ROLES {
        let [own, team, member, organization, none] = ["own", "team", "member", "organization", "none"];
        let role_name = role.as_str();
        writeln!(table, "{role_name:<22}{own:>8}{team:>8}{member:>8}{organization:>14}{none:>8}").unwrap();
        for action in Action::ALL {
            let [own, team, member, organization, none] =
                Relation::ALL.map(|relation| format!("{:?}", decide(role, action, relation)));
            let action = format!("{action:?}");
            writeln!(table, "  {action:<20}{own:>8}{team:>8}{member:>8}{organization:>14}{none:>8}").unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn viewers_change_nothing() {
    for role in [UserRole::ProxyAdminViewer, UserRole::InternalUserViewer] {
        for action in [
            Action::KeyCreate,
            Action::KeyUpdate,
            Action::KeyDelete,
            Action::KeyBlock,
            Action::BudgetWrite,
            Action::TeamCreate,
            Action::TeamUpdate,
            Action::TeamMembers,
            Action::TeamAdminister,
            Action::UserWrite,
            Action::CustomerWrite,
            Action::OrganizationCreate,
            Action::OrganizationWrite,
            Action::OrganizationMembers,
            Action::TagWrite,
            Action::CacheWrite,
            Action::ModelWrite,
            Action::CredentialWrite,
        ] {
            // Somebody who administers an organization does so whatever they may do elsewhere.
            let is_person = role == UserRole::InternalUserViewer;
            for relation in Relation::ALL.into_iter().filter(|one| !is_person || *one != Relation::Organization) {
                assert!(!decide(role, action, relation).is_allowed(), "{role:?} {action:?}");
            }
        }
    }
}

#[test]
fn only_administrators_reach_what_they_stand_in_no_relation_to() {
    for role in [UserRole::OrgAdmin, UserRole::InternalUser, UserRole::InternalUserViewer] {
        for action in [
            Action::KeyRead,
            Action::KeyUpdate,
            Action::KeyDelete,
            Action::KeyBlock,
            Action::SpendRead,
            Action::TeamRead,
            Action::TeamMembers,
            Action::UserRead,
        ] {
            assert_eq!(decide(role, action, Relation::None), Decision::Hide);
        }
    }
}

#[test]
fn several_relations_take_the_best() {
    let own = decide(UserRole::InternalUser, Action::KeyBlock, Relation::Own);
    let team = decide(UserRole::InternalUser, Action::KeyBlock, Relation::Team);
    assert_eq!(own, Decision::Forbid);
    assert_eq!(own.best(team), Decision::Allow);
}

#[test]
fn a_team_admin_manages_members_and_not_the_budget() {
    let team_admin = |action| decide(UserRole::InternalUser, action, Relation::Team);
    assert!(team_admin(Action::TeamMembers).is_allowed() && team_admin(Action::TeamUpdate).is_allowed());
    assert_eq!(team_admin(Action::TeamAdminister), Decision::Forbid);
    assert_eq!(decide(UserRole::InternalUser, Action::TeamMembers, Relation::Member), Decision::Forbid);
}
