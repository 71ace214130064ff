//! To whom a new key belongs, and what may be given to it there.

use leptos::prelude::*;
use tollgate_openapi::key::KeyBounds;
use tollgate_openapi::team::TeamListQuery;

use crate::api;
use crate::app::use_session;
use crate::format;
use crate::input::some_text;
use crate::ui::field::SelectField;
use crate::ui::load::Load;

/// Teams to choose from.
const TEAMS_SHOWN: u64 = 100;

/// To whom it belongs.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// The team's id; empty: none.
    pub(crate) team: RwSignal<String>,
    /// It belongs to the team and to no person.
    pub(crate) is_service_account: RwSignal<bool>,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { team: RwSignal::new(String::new()), is_service_account: RwSignal::new(false) }
    }
}

#[component]
pub(crate) fn PlaceFields(place: Place) -> impl IntoView {
    let teams =
        Load::new(|| api::team::list(TeamListQuery { page_size: Some(TEAMS_SHOWN), ..TeamListQuery::default() }));
    let bounds = Load::new(move || api::key::bounds(some_text(&place.team.get())));
    let nobody = if use_session().is_admin() { "No team" } else { "Me, in no team" };
    let choose = Callback::new(move |team| place.team.set(team));
    let select = move || {
        let teams = teams.data.get()?.rows;
        let named = teams.into_iter().map(|team| {
            let name = team.team_alias.clone().unwrap_or_else(|| team.team_id.clone());
            (team.team_id, name)
        });
        let options: Vec<_> = std::iter::once((String::new(), nobody.to_owned())).chain(named).collect();
        (options.len() > 1).then(|| {
            view! { <SelectField label="Belongs to" name="team_id" value=place.team options=options on_choose=choose /> }
        })
    };
    let service = move || {
        (!place.team.with(String::is_empty)).then(|| {
            view! {
                <label class="check">
                    <input
                        type="checkbox"
                        prop:checked=place.is_service_account
                        on:change=move |event| place.is_service_account.set(event_target_checked(&event))
                    />
                    <span>"Service account: the key is the team's and no person's, and stays when people leave."</span>
                </label>
            }
        })
    };
    view! {
        {select}
        {service}
        {move || bounds.data.get().map(|bounds| bounds_view(&bounds))}
    }
}

/// The bounds, before anything is refused.
fn bounds_view(bounds: &KeyBounds) -> AnyView {
    if let Some(refusal) = &bounds.refusal {
        return view! { <p class="notice notice-bad">{format::sentence(refusal)}</p> }.into_any();
    }
    let lines = lines(bounds);
    (!lines.is_empty())
        .then(|| {
            let lines = lines.into_iter().map(|(line, whose)| view! { <li title=whose>{line}</li> }).collect_view();
            view! { <div class="notice"><p>"A key may be given"</p><ul class="bounds">{lines}</ul></div> }
        })
        .into_any()
}

/// Each bound in words, and what says so.
fn lines(bounds: &KeyBounds) -> Vec<(String, String)> {
    let words = |field: &str| field.replace('_', " ");
    let required = bounds.required_params.iter().map(|field| (format!("{}: required", words(field)), String::new()));
    let bounded = bounds.bounds.iter().map(|bound| {
        let line = format!("{}: {}, as {}", words(&bound.field), bound.expected, bound.whose);
        (line, bound.whose.clone())
    });
    required.chain(bounded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bound_is_a_line() {
        let json = serde_json::json!({"may_create": true, "refusal": null, "required_params": ["key_alias"], "bounds": [
            {"field": "max_budget", "expected": "at most 10 US dollars", "whose": "the team t", "must_be_set": true}]});
        let bounds: KeyBounds = serde_json::from_value(json).unwrap();
        let lines: Vec<_> = lines(&bounds).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, ["key alias: required", "max budget: at most 10 US dollars, as the team t"]);
    }
}
