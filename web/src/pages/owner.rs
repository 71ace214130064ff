//! A choice of an organization or a team, written `organization/…` and `team/…`.

use leptos::prelude::*;
use tollgate_openapi::team::TeamListQuery;

use crate::api;
use crate::pages::team::organizations;
use crate::ui::field::{FieldErrors, SelectField};
use crate::ui::load::Load;

/// The organization and the team that are chosen.
pub(crate) fn ids(chosen: &str) -> (Option<String>, Option<String>) {
    let id = |kind: &str| chosen.strip_prefix(kind).map(str::to_owned);
    (id("organization/"), id("team/"))
}

/// The choice that stands for them.
pub(crate) fn choice(organization_id: Option<&str>, team_id: Option<&str>) -> String {
    match (organization_id, team_id) {
        (_, Some(id)) => format!("team/{id}"),
        (Some(id), None) => format!("organization/{id}"),
        (None, None) => String::new(),
    }
}

#[component]
pub(crate) fn OwnerField(
    label: &'static str,
    name: &'static str,
    value: RwSignal<String>,
    errors: FieldErrors,
    /// What the choice of none says.
    none: &'static str,
    #[prop(optional)] hint: &'static str,
) -> impl IntoView {
    let organizations = Load::new(organizations);
    let teams = Load::new(|| api::team::list(TeamListQuery::default()));
    move || {
        let mut options = vec![(String::new(), none.to_owned())];
        let organizations = organizations.data.get().unwrap_or_default().into_iter();
        options.extend(organizations.map(|(id, name)| (choice(Some(&id), None), format!("Organization {name}"))));
        let teams = teams.data.get().map(|listed| listed.rows).unwrap_or_default().into_iter();
        options.extend(teams.map(|team| {
            let name = team.team_alias.unwrap_or_else(|| team.team_id.clone());
            (choice(None, Some(&team.team_id)), format!("Team {name}"))
        }));
        // One that is not on the list stays what it is.
        let chosen = value.get_untracked();
        if !options.iter().any(|(one, _)| *one == chosen) {
            options.push((chosen.clone(), chosen.replace('/', " ")));
        }
        let choose = Callback::new(move |chosen| value.set(chosen));
        view! { <SelectField label=label name=name value=value options=options on_choose=choose errors=errors hint=hint /> }
    }
}
