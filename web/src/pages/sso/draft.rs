//! What somebody typed about a provider, understood. Pure.

use std::collections::BTreeMap;

use tollgate_openapi::sso::{SsoKind, SsoProvider, SsoRoleMapping, SsoTeamMapping};
use tollgate_openapi::team::MemberRole;

use crate::input::some_text;
use crate::url::{parse_word, word_of};

/// A form's texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) kind: SsoKind,
    pub(super) provider_id: String,
    pub(super) display_name: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) issuer: String,
    pub(super) tenant: String,
    pub(super) domains: Vec<String>,
    pub(super) organization_id: String,
    pub(super) scope: String,
    pub(super) groups_attribute: String,
    pub(super) teams: String,
    pub(super) roles: String,
    pub(super) default_role: String,
    pub(super) default_teams: Vec<String>,
    pub(super) trust_email: bool,
    pub(super) create_users: bool,
    pub(super) enabled: bool,
}

impl From<&SsoProvider> for Draft {
    fn from(provider: &SsoProvider) -> Self {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let teams = provider.team_mappings.iter().map(|mapping| {
            let role = if mapping.role == MemberRole::Admin { " admin" } else { "" };
            format!("{} = {}{role}", mapping.group, mapping.team_id)
        });
        let roles = provider.role_mappings.iter();
        let roles = roles.map(|mapping| format!("{} = {}", mapping.group, mapping.user_role.as_str()));
        Self {
            kind: provider.kind,
            provider_id: text(&provider.provider_id),
            display_name: text(&provider.display_name),
            client_id: provider.client_id.clone(),
            client_secret: String::new(),
            issuer: text(&provider.issuer),
            tenant: text(&provider.tenant),
            domains: provider.allowed_domains.clone(),
            organization_id: text(&provider.organization_id),
            scope: text(&provider.scope),
            groups_attribute: text(&provider.groups_attribute),
            teams: teams.collect::<Vec<_>>().join("\n"),
            roles: roles.collect::<Vec<_>>().join("\n"),
            default_role: provider.default_role.as_ref().map(word_of).unwrap_or_default(),
            default_teams: provider.default_teams.clone(),
            trust_email: provider.trust_email,
            create_users: provider.create_users,
            enabled: provider.enabled,
        }
    }
}

impl Draft {
    /// The provider that is meant, with what `before` had and the form does not ask for.
    ///
    /// # Errors
    /// What is wrong with which field.
    pub(super) fn parse(&self, before: &SsoProvider) -> Result<SsoProvider, BTreeMap<String, String>> {
        let mut errors = BTreeMap::new();
        if self.client_id.trim().is_empty() {
            errors.insert("client_id".to_owned(), "Enter the client's id.".to_owned());
        }
        let mut lines = |field: &str, text: &str| {
            let pairs: Option<Vec<_>> = text.lines().filter(|line| !line.trim().is_empty()).map(pair).collect();
            pairs.unwrap_or_else(|| {
                errors.insert(field.to_owned(), "One mapping a line: group = what it leads to.".to_owned());
                Vec::new()
            })
        };
        let teams = lines("team_mappings", &self.teams);
        let roles = lines("role_mappings", &self.roles);
        let role_mappings: Vec<SsoRoleMapping> = roles
            .into_iter()
            .filter_map(|(group, role)| match parse_word(&role) {
                Some(user_role) => Some(SsoRoleMapping { group, user_role }),
                None => {
                    errors.insert("role_mappings".to_owned(), format!("There is no role “{role}”."));
                    None
                }
            })
            .collect();
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(SsoProvider {
            provider_id: some_text(&self.provider_id),
            kind: self.kind,
            display_name: some_text(&self.display_name),
            client_id: self.client_id.trim().to_owned(),
            client_secret: some_text(&self.client_secret),
            issuer: some_text(&self.issuer),
            tenant: some_text(&self.tenant),
            allowed_domains: self.domains.iter().map(|domain| domain.to_lowercase()).collect(),
            organization_id: some_text(&self.organization_id),
            scope: some_text(&self.scope),
            groups_attribute: some_text(&self.groups_attribute),
            team_mappings: teams.into_iter().map(|(group, team)| team_mapping(group, &team)).collect(),
            role_mappings,
            default_role: parse_word(&self.default_role),
            default_teams: self.default_teams.clone(),
            trust_email: self.trust_email,
            create_users: self.create_users,
            enabled: self.enabled,
            ..before.clone()
        })
    }
}

/// `group = value`; a group may have an equals sign in its name, as directories' do.
fn pair(line: &str) -> Option<(String, String)> {
    let (group, value) = line.rsplit_once('=')?;
    let (group, value) = (group.trim(), value.trim());
    (!group.is_empty() && !value.is_empty()).then(|| (group.to_owned(), value.to_owned()))
}

fn team_mapping(group: String, team: &str) -> SsoTeamMapping {
    match team.strip_suffix(" admin") {
        Some(id) => SsoTeamMapping { group, team_id: id.trim().to_owned(), role: MemberRole::Admin },
        None => SsoTeamMapping { group, team_id: team.to_owned(), role: MemberRole::User },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate_openapi::session::UserRole;

    #[test]
    fn mappings_survive_the_form() {
        let provider = SsoProvider {
            client_id: "c".to_owned(),
            scope: Some("openid groups".to_owned()),
            team_mappings: vec![
                team_mapping("cn=eng,dc=acme".to_owned(), "5b1a admin"),
                team_mapping("ops".to_owned(), "7c"),
            ],
            role_mappings: vec![SsoRoleMapping { group: "admins".to_owned(), user_role: UserRole::ProxyAdmin }],
            ..SsoProvider::default_settings()
        };
        assert_eq!(Draft::from(&provider).parse(&provider), Ok(provider));
    }

    #[test]
    fn what_is_no_mapping_is_said_so() {
        let draft = |teams: &str, roles: &str| Draft {
            client_id: "c".to_owned(),
            teams: teams.to_owned(),
            roles: roles.to_owned(),
            ..Draft::default()
        };
        let before = SsoProvider::default_settings();
        assert!(draft("engineering", "").parse(&before).unwrap_err().contains_key("team_mappings"));
        assert!(draft("", "a = king").parse(&before).unwrap_err().contains_key("role_mappings"));
        assert!(Draft::default().parse(&before).unwrap_err().contains_key("client_id"));
    }
}
