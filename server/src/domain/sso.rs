//! What follows from what a provider of single sign-on says of somebody: who they are, and which teams and role they have.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Url;
use serde_json::{Map, Value};
use tollgate_openapi::session::UserRole;
use tollgate_openapi::sso::{SsoKind, SsoProvider};
use tollgate_openapi::team::MemberRole;

/// Groups of one person that are looked at.
const GROUPS_MAX: usize = 10_000;

/// Somebody, as a provider describes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// E-mail address in lower case.
    pub email: Option<String>,
    /// The provider vouches for it.
    pub is_email_verified: bool,
    /// Name for people.
    pub name: Option<String>,
    /// The `user_id` that a newcomer gets, where a claim says so.
    pub user_id: Option<String>,
    /// Groups; `None`: the provider says that there are too many to tell, so nothing follows from them.
    pub groups: Option<BTreeSet<String>>,
    /// The role that a claim names.
    pub role: Option<UserRole>,
}

impl Person {
    /// Reads `claims` as the settings say.
    #[must_use]
    pub fn of(settings: &SsoProvider, claims: &Map<String, Value>) -> Self {
        let at = |attribute: &Option<String>, usual: &str| {
            look_up(claims, attribute.as_deref().unwrap_or(usual)).and_then(text)
        };
        let role = settings.user_role_attribute.as_deref().and_then(|name| look_up(claims, name));
        Self {
            email: at(&settings.user_email_attribute, "email")
                .filter(|email| email.contains('@'))
                .map(|email| email.to_lowercase()),
            is_email_verified: is_email_verified(settings, claims),
            name: at(&settings.user_display_name_attribute, "name"),
            user_id: settings.user_id_attribute.as_deref().and_then(|name| look_up(claims, name)).and_then(text),
            groups: groups(settings, claims),
            role: role.and_then(|value| highest(words(value).iter().filter_map(|word| role_named(word)))),
        }
    }

    /// What comes after the `@` of the address.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        self.email.as_deref().and_then(domain_of)
    }

    /// The role that the mappings give: `None` where there are none, or where nothing follows from the groups.
    #[must_use]
    pub fn mapped_role(&self, settings: &SsoProvider, otherwise: UserRole) -> Option<UserRole> {
        if settings.role_mappings.is_empty() && settings.user_role_attribute.is_none() {
            return None;
        }
        let of_groups = match &self.groups {
            Some(groups) => {
                let held = settings.role_mappings.iter().filter(|mapping| groups.contains(&mapping.group));
                highest(held.map(|mapping| mapping.user_role))
            }
            None if settings.role_mappings.is_empty() => None,
            None => return None,
        };
        Some(highest(of_groups.into_iter().chain(self.role)).unwrap_or(otherwise))
    }

    /// The teams that the mappings give, with the highest role in each. `None`: nothing follows from the groups.
    #[must_use]
    pub fn mapped_teams(&self, settings: &SsoProvider) -> Option<BTreeMap<String, MemberRole>> {
        let groups = self.groups.as_ref()?;
        let mut teams = BTreeMap::new();
        for mapping in settings.team_mappings.iter().filter(|mapping| groups.contains(&mapping.group)) {
            let role = teams.entry(mapping.team_id.clone()).or_insert(mapping.role);
            if mapping.role == MemberRole::Admin {
                *role = MemberRole::Admin;
            }
        }
        Some(teams)
    }
}

/// What comes after the `@` of an address, in lower case as addresses are kept.
#[must_use]
pub fn domain_of(email: &str) -> Option<&str> {
    email.rsplit_once('@').map(|(_, domain)| domain).filter(|domain| !domain.is_empty())
}

/// A provider that says nothing about it is believed where the settings say so; one that says no never is.
fn is_email_verified(settings: &SsoProvider, claims: &Map<String, Value>) -> bool {
    // Entra has a claim of its own: the domain's owner is verified.
    let said = claims.get("email_verified").or_else(|| claims.get("xms_edov"));
    match said {
        Some(Value::Bool(is_verified)) => *is_verified,
        Some(Value::String(word)) => word == "true" || word == "1",
        Some(Value::Number(number)) => number.as_i64() == Some(1),
        Some(_) => false,
        None => settings.trust_email,
    }
}

fn groups(settings: &SsoProvider, claims: &Map<String, Value>) -> Option<BTreeSet<String>> {
    let name = settings.groups_attribute.as_deref().unwrap_or("groups");
    if let Some(value) = look_up(claims, name) {
        return Some(words(value).into_iter().take(GROUPS_MAX).collect());
    }
    // Entra leaves groups out of the token where somebody is in more than 200, and says where they could be read.
    let is_elsewhere = claims.get("_claim_names").and_then(|names| names.get(name)).is_some();
    let is_overflowing = claims.get("hasgroups").and_then(Value::as_bool).unwrap_or(false);
    (!is_elsewhere && !is_overflowing).then(BTreeSet::new)
}

/// A claim by its name, or by the names that lead to it with dots between them. Some names are addresses with dots.
fn look_up<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(name) {
        return Some(value);
    }
    let mut parts = name.split('.');
    let first = claims.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// One text, or each of a list.
fn words(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(text).collect(),
        single => text(single).into_iter().collect(),
    }
}

/// The role of this name, in LiteLLM's spellings.
fn role_named(word: &str) -> Option<UserRole> {
    match word {
        "proxy_admin_view_only" => Some(UserRole::ProxyAdminViewer),
        "internal_user_view_only" => Some(UserRole::InternalUserViewer),
        word => RANKING.into_iter().find(|role| role.as_str() == word),
    }
}

/// Roles, the highest first.
const RANKING: [UserRole; 5] = [
    UserRole::ProxyAdmin,
    UserRole::ProxyAdminViewer,
    UserRole::OrgAdmin,
    UserRole::InternalUser,
    UserRole::InternalUserViewer,
];

fn highest(roles: impl Iterator<Item = UserRole>) -> Option<UserRole> {
    let held: Vec<UserRole> = roles.collect();
    RANKING.into_iter().find(|role| held.contains(role))
}

/// What is wrong with the settings of a provider, beyond their types: fields, and what was expected. `is_ours` says that
/// whoever runs the gateway wrote them, who may name plain http inside their own network.
#[must_use]
pub fn settings_problems(settings: &SsoProvider, is_ours: bool) -> Vec<(&'static str, &'static str)> {
    let mut problems = Vec::new();
    if settings.client_id.trim().is_empty() {
        problems.push(("client_id", "expected the id of the client that the provider knows Tollgate as"));
    }
    match settings.kind {
        SsoKind::Google => {}
        SsoKind::Microsoft => {
            if settings.issuer.is_none() && !settings.tenant.as_deref().is_some_and(is_one_tenant) {
                problems.push(("tenant", "expected the id or the domain of one tenant, such as acme.onmicrosoft.com"));
            }
        }
        SsoKind::Okta | SsoKind::Auth0 | SsoKind::Keycloak => {
            if settings.issuer.is_none() {
                problems.push(("issuer", "expected the address of the provider, such as https://acme.okta.com"));
            }
        }
        SsoKind::Generic => {}
    }
    for (name, address) in [
        ("issuer", &settings.issuer),
        ("authorization_endpoint", &settings.authorization_endpoint),
        ("token_endpoint", &settings.token_endpoint),
        ("userinfo_endpoint", &settings.userinfo_endpoint),
    ] {
        match address {
            Some(address) => problems.extend(check_address(address, is_ours).err().map(|expected| (name, expected))),
            None if settings.kind == SsoKind::Generic && settings.issuer.is_none() && name != "issuer" => {
                problems.push((name, "expected an address, since there is no issuer to discover it from"));
            }
            None => {}
        }
    }
    if settings.organization_id.is_some() && settings.allowed_domains.is_empty() {
        problems.push(("allowed_domains", "expected the domains of the organization's e-mail addresses"));
    }
    problems
}

/// Whether it is a tenant of somebody's, and not one of Microsoft's that are everybody's: whoever administers any tenant
/// says there what addresses its people have.
fn is_one_tenant(tenant: &str) -> bool {
    const EVERYBODYS: [&str; 3] = ["common", "organizations", "consumers"];
    !tenant.is_empty()
        && tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
        && !EVERYBODYS.contains(&tenant.to_ascii_lowercase().as_str())
}

/// An address of a provider: https, or http where nobody else can listen or whoever runs the gateway says so.
fn check_address(address: &str, is_ours: bool) -> Result<(), &'static str> {
    let url = Url::parse(address).map_err(|_| "expected an address such as https://login.example.com")?;
    let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        "https" => {}
        "http" if is_local || is_ours => {}
        _ => return Err("expected an https address"),
    }
    if url.host_str().is_none() || !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("expected an address without user, password and fragment");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tollgate_openapi::sso::{SsoRoleMapping, SsoTeamMapping};

    use super::*;

    fn person(settings: &SsoProvider, claims: Value) -> Person {
        Person::of(settings, claims.as_object().unwrap())
    }

    fn role(group: &str, user_role: UserRole) -> SsoRoleMapping {
        SsoRoleMapping { group: group.to_owned(), user_role }
    }

    #[test]
    fn an_address_is_verified_only_where_somebody_says_so() {
        let (plain, trusting) = (SsoProvider::default(), SsoProvider { trust_email: true, ..SsoProvider::default() });
        for (said, is_verified, is_trusted) in [
            (json!({"email": "Ada@Acme.com"}), false, true),
            (json!({"email": "Ada@Acme.com", "email_verified": true}), true, true),
            (json!({"email": "Ada@Acme.com", "email_verified": "true"}), true, true),
            (json!({"email": "Ada@Acme.com", "email_verified": false}), false, false),
            (json!({"email": "Ada@Acme.com", "email_verified": null}), false, false),
            (json!({"email": "Ada@Acme.com", "xms_edov": 1}), true, true),
        ] {
            let found = person(&plain, said.clone());
            assert_eq!((found.email.as_deref(), found.domain()), (Some("ada@acme.com"), Some("acme.com")));
            assert_eq!(found.is_email_verified, is_verified, "{said}");
            assert_eq!(person(&trusting, said.clone()).is_email_verified, is_trusted, "{said}");
        }
    }

    #[test]
    fn groups_are_found_under_dots_and_under_addresses() {
        let nested = SsoProvider { groups_attribute: Some("realm_access.roles".to_owned()), ..SsoProvider::default() };
        let found = person(&nested, json!({"realm_access": {"roles": ["a", "b", 7]}}));
        assert_eq!(found.groups.unwrap().into_iter().collect::<Vec<_>>(), ["7", "a", "b"]);
        let address =
            SsoProvider { groups_attribute: Some("https://acme.com/groups".to_owned()), ..SsoProvider::default() };
        assert!(person(&address, json!({"https://acme.com/groups": "a"})).groups.unwrap().contains("a"));
        assert!(person(&address, json!({})).groups.unwrap().is_empty());
    }

    #[test]
    fn nothing_follows_from_groups_that_are_too_many_to_tell() {
        let settings = SsoProvider {
            role_mappings: vec![role("admins", UserRole::ProxyAdmin)],
            team_mappings: vec![SsoTeamMapping {
                group: "eng".to_owned(),
                team_id: "t".to_owned(),
                role: MemberRole::User,
            }],
            ..SsoProvider::default()
        };
        let found = person(&settings, json!({"_claim_names": {"groups": "src1"}}));
        assert_eq!(found.mapped_role(&settings, UserRole::InternalUser), None);
        assert_eq!(found.mapped_teams(&settings), None);
    }

    #[test]
    fn the_highest_mapped_role_holds_and_nothing_beyond_the_mapping() {
        let settings = SsoProvider {
            role_mappings: vec![role("dev", UserRole::InternalUser), role("admins", UserRole::ProxyAdmin)],
            ..SsoProvider::default()
        };
        let of = |groups: Value| {
            person(&settings, json!({"groups": groups, "role": "proxy_admin"}))
                .mapped_role(&settings, UserRole::InternalUserViewer)
        };
        assert_eq!(of(json!(["dev", "admins"])), Some(UserRole::ProxyAdmin));
        assert_eq!(of(json!(["dev"])), Some(UserRole::InternalUser));
        assert_eq!(of(json!(["Admins"])), Some(UserRole::InternalUserViewer));
        let none = SsoProvider::default();
        assert_eq!(person(&none, json!({"groups": ["admins"]})).mapped_role(&none, UserRole::ProxyAdmin), None);
    }

    #[test]
    fn a_claim_may_name_the_role_where_the_settings_say_so() {
        let settings = SsoProvider { user_role_attribute: Some("role".to_owned()), ..SsoProvider::default() };
        let of =
            |role: Value| person(&settings, json!({"role": role})).mapped_role(&settings, UserRole::InternalUserViewer);
        assert_eq!(of(json!("proxy_admin_view_only")), Some(UserRole::ProxyAdminViewer));
        assert_eq!(of(json!(["nonsense", "internal_user"])), Some(UserRole::InternalUser));
        assert_eq!(of(json!("nonsense")), Some(UserRole::InternalUserViewer));
    }

    #[test]
    fn an_admin_of_a_team_by_one_group_is_no_user_by_another() {
        let mapping = |group: &str, role| SsoTeamMapping { group: group.to_owned(), team_id: "t".to_owned(), role };
        let settings = SsoProvider {
            team_mappings: vec![mapping("leads", MemberRole::Admin), mapping("eng", MemberRole::User)],
            ..SsoProvider::default()
        };
        let teams = person(&settings, json!({"groups": ["eng", "leads"]})).mapped_teams(&settings).unwrap();
        assert_eq!(teams.get("t"), Some(&MemberRole::Admin));
        assert!(person(&settings, json!({})).mapped_teams(&settings).unwrap().is_empty());
    }
}
