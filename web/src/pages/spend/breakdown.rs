//! Where the month goes: by one thing, and each by another.

use leptos::prelude::*;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::spend::{Month, Usage, UsageDimension, UsageGroup, UsageQuery, UsageSums};

use crate::api;
use crate::format;
use crate::ui::empty::Empty;
use crate::ui::icon::Icon;
use crate::ui::load::{Load, skeleton};
use crate::ui::location::use_url;
use crate::ui::search::SelectFilter;
use crate::url::{encode, parse_word, word_of};

/// Columns of the second thing; what is beyond is one more.
const COLUMNS_SHOWN: usize = 4;

const DIMENSIONS: &[(&str, &str)] = &[
    ("", "Team"),
    ("cost_center", "Cost centre"),
    ("organization", "Organization"),
    ("user", "User"),
    ("key", "Key"),
    ("model", "Model"),
    ("provider", "Provider"),
    ("tag", "Tag"),
];
const SECOND: &[(&str, &str)] = &[
    ("", "alone"),
    ("model", "and model"),
    ("provider", "and provider"),
    ("team", "and team"),
    ("cost_center", "and cost centre"),
    ("organization", "and organization"),
    ("user", "and user"),
    ("key", "and key"),
    ("tag", "and tag"),
];

/// By what, and by what else.
type Asked = (UsageDimension, Option<UsageDimension>);

/// The API's words for what the URL asks.
fn asked(get: impl Fn(&str) -> Option<String>, month: Option<Month>) -> UsageQuery {
    let by = get("by").and_then(|word| parse_word(&word)).unwrap_or(UsageDimension::Team);
    let then = get("then").and_then(|word| parse_word(&word)).filter(|then| *then != by);
    UsageQuery { start_date: month.map(Month::first_day), group_by: by, then_by: then, ..UsageQuery::default() }
}

#[component]
pub(super) fn Breakdown(#[prop(into)] month: Signal<Option<Month>>) -> impl IntoView {
    let url = use_url();
    let by = url.value("by");
    let then = url.value("then");
    // With what was asked: rows that are there still lead where they led.
    let load = Load::<(Asked, Usage)>::new(move || {
        let get = |name: &str| if name == "by" { by.get() } else { then.get() };
        let query = asked(get, month.get());
        async move {
            let asked = (query.group_by, query.then_by);
            Ok((asked, api::spend::usage(query).await?))
        }
    });
    let saved = move || load.data.with(|data| data.as_ref().and_then(|(_, usage)| saved_of(usage.total)));
    let content = move || {
        let matrix = load.data.with(|data| data.as_ref().map(|((by, then), usage)| Matrix::of(usage, *by, *then)));
        match matrix.filter(|matrix| !matrix.rows.is_empty()) {
            Some(matrix) => matrix.view(),
            None => view! { <Empty art=Icon::Spend title="Nothing spent this month" text="Other months are below." /> }
                .into_any(),
        }
    };
    view! {
        <section class="card" aria-label="Where it goes">
            <header class="card-header">
                <h2>"Where it goes"</h2>
                <div class="actions">
                    <SelectFilter name="by" label="By what" options=DIMENSIONS />
                    <SelectFilter name="then" label="And by what else" options=SECOND />
                </div>
            </header>
            {load.show(skeleton, move || view! { {content} }.into_any())}
            {saved}
        </section>
    }
}

/// What caches saved of all of it, where they did.
fn saved_of(total: UsageSums) -> Option<AnyView> {
    let UsageSums { saved_by_cache: own, saved_by_prompt_cache: providers, .. } = total;
    (own != NanoUsd::ZERO || providers != NanoUsd::ZERO).then(|| {
        view! {
            <p class="muted number sheet-note">
                "Saved by caching: "{format::money_total(own)}" by answers given again, "
                {format::money_total(providers)}" by the providers' caches."
            </p>
        }
        .into_any()
    })
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    name: String,
    href: Option<String>,
    sums: UsageSums,
    share: String,
    /// One a column; absent: nothing.
    parts: Vec<Option<NanoUsd>>,
}

/// Rows by the first thing, columns by the second.
#[derive(Clone, Debug, Default, PartialEq)]
struct Matrix {
    columns: Vec<String>,
    rows: Vec<Row>,
}

impl Matrix {
    fn of(usage: &Usage, by: UsageDimension, then: Option<UsageDimension>) -> Self {
        let mut sums: Vec<(&str, String, NanoUsd)> = Vec::new();
        for part in usage.groups.iter().flat_map(|group| &group.parts) {
            match sums.iter_mut().find(|(id, ..)| *id == part.id) {
                Some((.., sum)) => *sum += part.sums.spend,
                None => sums.push((&part.id, name_of(part.name.as_deref(), &part.id), part.sums.spend)),
            }
        }
        sums.sort_by_key(|(_, name, sum)| (std::cmp::Reverse(*sum), name.clone()));
        let ids: Vec<&str> = sums.iter().take(COLUMNS_SHOWN).map(|(id, ..)| *id).collect();
        let mut columns: Vec<String> = sums.iter().take(COLUMNS_SHOWN).map(|(_, name, _)| name.clone()).collect();
        // A call with two tags is in two columns, and one without in none: there is no rest.
        let has_more = !sums.is_empty() && then != Some(UsageDimension::Tag) && sums.len() > ids.len();
        if has_more {
            columns.push("Others".to_owned());
        }
        let rows = usage.groups.iter().map(|group| Row {
            name: name_of(group.name.as_deref(), &group.id),
            href: href_of(by, group),
            sums: group.sums,
            share: format::percent(group.sums.spend.0, usage.total.spend.0),
            parts: parts_of(group, &ids, has_more),
        });
        Self { columns, rows: rows.collect() }
    }

    fn view(self) -> AnyView {
        let heads = self.columns.iter().map(|name| view! { <th class="end minor" scope="col" title=name.clone()><span class="ellipsis">{name.clone()}</span></th> });
        let heads = heads.collect_view();
        let rows = self.rows.into_iter().map(|row| row.view(&self.columns)).collect_view();
        view! {
            <div class="table-frame" tabindex="0" role="region" aria-label="Where it goes, as a table">
                <table class="table table-plain" aria-label="Where it goes">
                    <thead>
                        <tr>
                            <th scope="col">"Name"</th>
                            <th class="end" scope="col">"Spend"</th>
                            <th class="end minor" scope="col">"Share"</th>
                            {heads}
                            <th class="end minor" scope="col">"Requests"</th>
                            <th class="end minor" scope="col">"Per 1,000 requests"</th>
                            <th class="end minor" scope="col">"Per million tokens"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    }
}

impl Row {
    fn view(self, columns: &[String]) -> AnyView {
        let Self { name, href, sums, share, parts } = self;
        let lead = match href {
            Some(href) => view! { <a class="ellipsis" href=href title=name.clone()>{name.clone()}</a> }.into_any(),
            None => view! { <span class="muted">{name}</span> }.into_any(),
        };
        let tokens = sums.prompt_tokens.saturating_add(sums.completion_tokens);
        let parts = columns.iter().zip(parts).map(|(_, part)| {
            let amount = part.map_or_else(|| "–".to_owned(), format::money_total);
            view! { <td class="end minor number">{amount}</td> }
        });
        view! {
            <tr>
                <td class="lead">{lead}</td>
                <td class="end number" title=format::money_exact(sums.spend)>{format::money_total(sums.spend)}</td>
                <td class="end minor number"><span class="muted">{share}</span></td>
                {parts.collect_view()}
                <td class="end minor number">{format::count(sums.api_requests)}</td>
                <td class="end minor number">{unit_cost(sums.spend, sums.api_requests, 1_000)}</td>
                <td class="end minor number">{unit_cost(sums.spend, tokens, 1_000_000)}</td>
            </tr>
        }
        .into_any()
    }
}

/// What so many of them cost.
fn unit_cost(spend: NanoUsd, count: i64, of: i64) -> String {
    let cost = i128::from(spend.0).saturating_mul(i128::from(of)).checked_div(i128::from(count));
    cost.and_then(|cost| i64::try_from(cost).ok())
        .map_or_else(|| "–".to_owned(), |cost| format::money_total(NanoUsd(cost)))
}

/// What the group spent on each of the columns, and on the others.
fn parts_of(group: &UsageGroup, ids: &[&str], has_more: bool) -> Vec<Option<NanoUsd>> {
    let of = |id: &&str| group.parts.iter().find(|part| part.id == **id).map(|part| part.sums.spend);
    let mut parts: Vec<_> = ids.iter().map(of).collect();
    if has_more {
        let shown: NanoUsd = parts.iter().flatten().copied().sum();
        let others = group.sums.spend - shown;
        parts.push((others != NanoUsd::ZERO).then_some(others));
    }
    parts
}

fn name_of(name: Option<&str>, id: &str) -> String {
    let name = name.unwrap_or_else(|| format::person(id));
    if name.is_empty() { "None".to_owned() } else { name.to_owned() }
}

/// Where the group's calls are looked into. The Usage page is not narrowed to cost centres.
fn href_of(by: UsageDimension, group: &UsageGroup) -> Option<String> {
    if group.id.is_empty() || by == UsageDimension::CostCenter {
        return None;
    }
    Some(format!("/ui/usage?range=month&{}={}", word_of(&by), encode(&group.id)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate_openapi::spend::UsagePart;

    fn sums(spend: i64) -> UsageSums {
        UsageSums { spend: NanoUsd(spend), api_requests: 4, prompt_tokens: 1_000, ..UsageSums::default() }
    }

    #[test]
    fn the_dearest_parts_have_columns_and_the_others_one() {
        let part = |id: &str, spend| UsagePart { id: id.to_owned(), name: None, sums: sums(spend) };
        let group = |id: &str, parts: Vec<UsagePart>| UsageGroup {
            id: id.to_owned(),
            name: None,
            sums: sums(parts.iter().map(|part| part.sums.spend.0).sum()),
            previous_spend: NanoUsd::ZERO,
            parts,
        };
        let groups = vec![
            group("shop", vec![part("a", 50), part("b", 4), part("c", 3), part("d", 2), part("e", 1)]),
            group("", vec![part("b", 40)]),
        ];
        let day = "2026-11-01".parse().unwrap();
        let usage = Usage {
            start_date: day,
            end_date: day,
            previous_start_date: day,
            previous_end_date: day,
            total: sums(100),
            previous: sums(0),
            days: Vec::new(),
            groups,
        };
        let matrix = Matrix::of(&usage, UsageDimension::Team, Some(UsageDimension::Model));
        assert_eq!(matrix.columns, ["a", "b", "c", "d", "Others"]);
        assert_eq!(matrix.rows[0].parts.iter().flatten().map(|part| part.0).collect::<Vec<_>>(), [50, 4, 3, 2, 1]);
        assert_eq!(
            (matrix.rows[1].name.as_str(), matrix.rows[1].parts[0], matrix.rows[1].href.clone()),
            ("None", None, None)
        );
        assert_eq!(matrix.rows[0].href.as_deref(), Some("/ui/usage?range=month&team=shop"));
        assert_eq!(unit_cost(NanoUsd(15_000_000), 0, 1_000), "–");
    }

    #[test]
    fn what_the_url_asks() {
        let month = "2026-11".parse().ok();
        let none = asked(|_| None, month);
        assert_eq!((none.group_by, none.then_by), (UsageDimension::Team, None));
        let both = asked(|name| Some(if name == "by" { "cost_center" } else { "model" }.to_owned()), month);
        assert_eq!((both.group_by, both.then_by), (UsageDimension::CostCenter, Some(UsageDimension::Model)));
        assert_eq!(asked(|_| Some("model".to_owned()), month).then_by, None);
    }
}
