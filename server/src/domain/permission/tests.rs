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
        writeln!(table, "{:<22}{:>8}{:>8}{:>14}{:>8}", role.as_str(), "own", "team", "organization", "none").unwrap();
        for action in Action::ALL {
            let [own, team, organization, none] =
                Relation::ALL.map(|relation| format!("{:?}", decide(role, action, relation)));
            let action = format!("{action:?}");
            writeln!(table, "  {action:<20}{own:>8}{team:>8}{organization:>14}{none:>8}").unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn viewers_change_nothing() {
    for role in [UserRole::ProxyAdminViewer, UserRole::InternalUserViewer] {
        for action in [Action::KeyCreate, Action::KeyUpdate, Action::KeyDelete, Action::KeyBlock] {
            for relation in Relation::ALL {
                assert!(!decide(role, action, relation).is_allowed(), "{role:?} {action:?}");
            }
        }
    }
}

#[test]
fn only_administrators_reach_what_they_stand_in_no_relation_to() {
    for role in [UserRole::OrgAdmin, UserRole::InternalUser, UserRole::InternalUserViewer] {
        for action in [Action::KeyRead, Action::KeyUpdate, Action::KeyDelete, Action::KeyBlock, Action::SpendRead] {
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
