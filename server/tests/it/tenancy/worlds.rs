//! Random people in random teams of two organizations: everybody sees exactly what their places give them.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::session::UserRole;
use tollgate_openapi::spend::Usage;
use tollgate_openapi::user::{UserInfo, UserPage};

use crate::chat::{CHAT, ask};
use crate::kit::{Client, FakeUpstream, TestApp};
use crate::session::add_user;

const WORLDS: usize = 5;
const PEOPLE: usize = 5;
const ORGANIZATIONS: usize = 2;
const TEAMS: usize = 4;

#[derive(Clone, Debug)]
struct World {
    /// Who administers which organization.
    bosses: BTreeSet<(usize, usize)>,
    teams: Vec<Team>,
    keys: Vec<Key>,
}

#[derive(Clone, Debug)]
struct Team {
    organization: Option<usize>,
    members: BTreeSet<usize>,
    leads: BTreeSet<usize>,
}

#[derive(Clone, Debug)]
struct Key {
    owner: Option<usize>,
    team: Option<usize>,
    organization: Option<usize>,
}

type Names = BTreeSet<String>;

fn worlds() -> impl Strategy<Value = World> {
    let someone = 0..PEOPLE;
    let people = || prop::collection::btree_set(0..PEOPLE, 0..3);
    let team = (prop::option::of(0..ORGANIZATIONS), people(), people()).prop_map(|(organization, members, leads)| {
        Team { organization, members: members.difference(&leads).copied().collect(), leads }
    });
    let own = prop::option::of(someone.clone());
    let key = (own, prop::option::of(0..TEAMS), prop::option::weighted(0.2, 0..ORGANIZATIONS));
    // An organization of its own only where the key is in no team: otherwise it is its team's.
    let key = key.prop_map(|(owner, team, organization)| Key {
        owner,
        team,
        organization: organization.filter(|_| team.is_none()),
    });
    let bosses = prop::collection::btree_set((someone, 0..ORGANIZATIONS), 1..4);
    (bosses, prop::collection::vec(team, TEAMS), prop::collection::vec(key, 8))
        .prop_map(|(bosses, teams, keys)| World { bosses, teams, keys })
}

impl World {
    async fn build(&self, app: &TestApp) {
        for person in 0..PEOPLE {
            add_user(app, &format!("p{person}"), None, UserRole::InternalUser, "password").await;
        }
        for organization in 0..ORGANIZATIONS {
            let id = format!("o{organization}");
            app.post("/organization/new", json!({"organization_id": id, "organization_alias": id}))
                .expect_status(200)
                .await;
        }
        for (person, organization) in &self.bosses {
            let member = json!({"user_id": format!("p{person}"), "role": "org_admin"});
            let body = json!({"organization_id": format!("o{organization}"), "member": member});
            app.post("/organization/member_add", body).expect_status(200).await;
        }
        for (number, team) in self.teams.iter().enumerate() {
            let ids = |people: &BTreeSet<usize>| people.iter().map(|one| format!("p{one}")).collect::<Vec<_>>();
            let body = json!({"team_id": format!("t{number}"), "admins": ids(&team.leads),
                "members": ids(&team.members), "organization_id": team.organization.map(|one| format!("o{one}"))});
            app.post("/team/new", body).expect_status(200).await;
        }
        for (number, key) in self.keys.iter().enumerate() {
            let body = json!({"key_alias": format!("k{number}"), "user_id": key.owner.map(|one| format!("p{one}")),
                "team_id": key.team.map(|one| format!("t{one}")),
                "organization_id": key.organization.map(|one| format!("o{one}"))});
            let key = app.new_key(body).await;
            app.bearer(&key).post(CHAT, ask("gpt")).expect_status(200).await;
        }
        app.settled().await;
    }

    fn is_boss(&self, person: usize, organization: Option<usize>) -> bool {
        organization.is_some_and(|organization| self.bosses.contains(&(person, organization)))
    }

    fn keys_of(&self, person: usize) -> Names {
        let sees = |key: &Key| {
            let team = key.team.map(|team| &self.teams[team]);
            key.owner == Some(person)
                || team.is_some_and(|team| team.leads.contains(&person) || self.is_boss(person, team.organization))
                || self.is_boss(person, key.organization)
        };
        names("k", self.keys.iter().map(sees))
    }

    fn teams_of(&self, person: usize) -> Names {
        let sees = |team: &Team| {
            let is_in = team.leads.contains(&person) || team.members.contains(&person);
            is_in || self.is_boss(person, team.organization)
        };
        names("t", self.teams.iter().map(sees))
    }

    fn organizations_of(&self, person: usize) -> Names {
        names("o", (0..ORGANIZATIONS).map(|one| self.members_of(one).contains(&person)))
    }

    fn members_of(&self, organization: usize) -> BTreeSet<usize> {
        let teams = self.teams.iter().filter(|team| team.organization == Some(organization));
        let in_teams = teams.flat_map(|team| team.leads.union(&team.members).copied().collect::<Vec<_>>());
        let bosses = self.bosses.iter().filter(|(_, one)| *one == organization).map(|(person, _)| *person);
        in_teams.chain(bosses).collect()
    }

    /// Nobody where the person administers nothing: they list no users.
    fn people_of(&self, person: usize) -> Option<Names> {
        let led = self.teams.iter().filter(|team| team.leads.contains(&person));
        let in_teams = led.flat_map(|team| team.leads.union(&team.members).copied().collect::<Vec<_>>());
        let run = (0..ORGANIZATIONS).filter(|one| self.is_boss(person, Some(*one)));
        let mut seen: BTreeSet<usize> = in_teams.chain(run.flat_map(|one| self.members_of(one))).collect();
        if seen.is_empty() {
            return None;
        }
        seen.insert(person);
        Some(names("p", (0..PEOPLE).map(|one| seen.contains(&one))))
    }
}

fn names(letter: &str, seen: impl Iterator<Item = bool>) -> Names {
    seen.enumerate().filter(|(_, is_seen)| *is_seen).map(|(number, _)| format!("{letter}{number}")).collect()
}

/// The values of a field in a list.
async fn listed(client: &Client, path: &str, list: &str, field: &str) -> Names {
    let answer = client.get(path).expect_status(200).await.value();
    let rows = if list.is_empty() { &answer } else { &answer[list] };
    let rows = rows.as_array().unwrap().iter();
    rows.filter_map(|row| row[field].as_str()).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[tokio::test]
async fn everybody_sees_what_their_places_give_them() {
    let mut runner = TestRunner::deterministic();
    for _ in 0..WORLDS {
        let world = worlds().new_tree(&mut runner).unwrap().current();
        let upstream = FakeUpstream::start();
        let app = TestApp::with_upstream(&upstream).await;
        world.build(&app).await;
        let keys = app.get("/key/list?return_full_object=true&size=100").expect_status(200).await.value();
        for person in 0..PEOPLE {
            let client = app.sign_in(&format!("p{person}"), "password").await;
            sees_their_part(&world, person, &client, &keys).await;
        }
    }
}

/// Of each person listed, the keys and the spend that one sees.
async fn sees_what_people_have(client: &Client, own: &Names, keys: &Value, what: &str) {
    let listed: UserPage = client.get("/user/list").expect_status(200).await.json();
    for user in listed.users {
        let seen = keys["keys"].as_array().unwrap().iter().filter(|key| {
            key["user_id"].as_str() == Some(&user.user_id) && own.contains(key["key_alias"].as_str().unwrap())
        });
        let spent: NanoUsd = seen.clone().map(|key| NanoUsd::from_usd(key["spend"].as_f64().unwrap()).unwrap()).sum();
        let count = u64::try_from(seen.count()).unwrap();
        assert_eq!((user.key_count, user.standing.total_spend), (count, spent), "{}: {what}", user.user_id);
        let info: UserInfo =
            client.get(&format!("/user/info?user_id={}", user.user_id)).expect_status(200).await.json();
        assert_eq!(info.user_info, Some(user), "{what}");
    }
}

async fn sees_their_part(world: &World, person: usize, client: &Client, keys: &Value) {
    let what = format!("p{person} in {world:?}");
    let own = world.keys_of(person);
    assert_eq!(listed(client, "/key/list?return_full_object=true", "keys", "key_alias").await, own, "{what}");
    // However they are sorted and searched.
    for order in
        ["sort_by=spend", "sort_by=key_alias&sort_order=asc", "sort_by=updated_at", "search=k", "status=active"]
    {
        let path = format!("/key/list?return_full_object=true&size=100&{order}");
        assert_eq!(listed(client, &path, "keys", "key_alias").await, own, "{order}: {what}");
        let total = client.get(&path).expect_status(200).await.value()["total_count"].as_u64();
        assert_eq!(total, u64::try_from(own.len()).ok(), "{order}: {what}");
    }
    assert_eq!(listed(client, "/spend/logs/v2", "data", "key_alias").await, own, "{what}");
    assert_eq!(listed(client, "/team/list", "", "team_id").await, world.teams_of(person), "{what}");
    assert_eq!(
        listed(client, "/v2/team/list?page_size=100", "teams", "team_id").await,
        world.teams_of(person),
        "{what}"
    );
    let organizations = listed(client, "/organization/list", "", "organization_id").await;
    assert_eq!(organizations, world.organizations_of(person), "{what}");
    match world.people_of(person) {
        Some(people) => {
            assert_eq!(listed(client, "/user/list", "users", "user_id").await, people, "{what}");
            sees_what_people_have(client, &own, keys, &what).await;
        }
        None => drop(client.get("/user/list").expect_status(403).await),
    }

    let sums = client.get("/spend/logs?start_date=2026-11-21&end_date=2026-11-21").expect_status(200).await.value();
    let summed: BTreeSet<&String> = sums[0]["users"].as_object().into_iter().flatten().map(|(id, _)| id).collect();
    for key in keys["keys"].as_array().unwrap() {
        let (alias, token) = (key["key_alias"].as_str().unwrap(), key["token"].as_str().unwrap());
        let status = if own.contains(alias) { 200 } else { 404 };
        client.get(&format!("/key/info?key={token}")).expect_status(status).await;
        assert_eq!(sums[0].get(token).is_some(), own.contains(alias), "{alias}: {what}");
        let owner = key["user_id"].as_str().unwrap_or_default().to_owned();
        assert!(!own.contains(alias) || summed.contains(&owner), "{alias}: {what}");
    }
    // Reports add up to what the lists show, broken down by whatever.
    let calls = i64::try_from(own.len()).unwrap();
    for by in ["model", "provider", "organization", "team", "user", "key"] {
        let usage: Usage = client.get(&format!("/spend/usage?group_by={by}")).expect_status(200).await.json();
        let of_groups: i64 = usage.groups.iter().map(|group| group.sums.api_requests).sum();
        assert_eq!((usage.total.api_requests, of_groups), (calls, calls), "by {by}: {what}");
    }
    for level in ["days", "calls"] {
        let file = client.get(&format!("/spend/export?level={level}&format=jsonl")).expect_status(200).await;
        let rows = file.body().lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let aliases: Names = rows.map(|row| row["key_alias"].as_str().unwrap().to_owned()).collect();
        assert_eq!(aliases, own, "{level}: {what}");
    }
    for team in 0..TEAMS {
        let status = if world.teams_of(person).contains(&format!("t{team}")) { 200 } else { 404 };
        client.get(&format!("/team/info?team_id=t{team}")).expect_status(status).await;
    }
}
