//! Columns of FOCUS 1.2, the FinOps Open Cost and Usage Specification: what the sums by day say in its words.
//!
//! All costs are the same: what calls cost by the prices that are configured. Unit prices are left out, since one day's
//! cost is of tokens at several prices.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, Utc};
use serde_json::{Map, Value};
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::provider::PROVIDERS;

use super::cell::Cell;
use super::named::Named;
use crate::db::day_row::Row;

/// What is spent outside all organizations, and what no provider was asked for, is the gateway's own.
const GATEWAY: (&str, &str) = ("tollgate", "Tollgate");
/// Before the names of tags that are not those of calls, as the specification asks.
const TAG_PREFIX: &str = "tollgate/";

pub(super) const COLUMNS: [&str; 46] = [
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    // Whether there is a commitment is asked of every charge whose quantity is checked: there is none.
    "CommitmentDiscountStatus",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceId",
    "InvoiceIssuerName",
    "ListCost",
    "PricingCategory",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "RegionId",
    "RegionName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SubAccountId",
    "SubAccountName",
    "Tags",
    "x_ApiRequests",
    "x_CacheCreationInputTokens",
    "x_CacheReadInputTokens",
    "x_CompletionTokens",
    "x_FailedRequests",
    "x_Model",
    "x_PromptTokens",
    "x_ReasoningTokens",
];

pub(super) fn cells<'a>(row: &'a Row, named: &'a Named, tag: Option<&str>) -> [Cell<'a>; COLUMNS.len()] {
    let (account_id, account_name) = account(row, named);
    let cost = Cell::Decimal(NanoUsd(row.sums.spend));
    let (quantity, unit) = quantity(row);
    let provider = Cell::text(provider_name(&row.provider));
    let (first, next) = month(row.date);
    [
        cost.clone(),
        Cell::text(account_id),
        Cell::text(account_name),
        Cell::text("USD"),
        midnight(next),
        midnight(first),
        Cell::text("Usage"),
        Cell::nothing(),
        Cell::Text(Cow::Owned(description(row))),
        Cell::text("Usage-Based"),
        midnight(row.date.succ_opt().unwrap_or(row.date)),
        midnight(row.date),
        Cell::nothing(),
        quantity.clone(),
        unit.clone(),
        cost.clone(),
        cost.clone(),
        Cell::nothing(),
        provider.clone(),
        cost,
        Cell::text("Standard"),
        quantity,
        unit.clone(),
        provider.clone(),
        provider,
        Cell::nothing(),
        Cell::nothing(),
        Cell::text(&row.api_key),
        Cell::maybe(named.key(&row.api_key)),
        Cell::text(if row.api_key.is_empty() { "" } else { "Virtual Key" }),
        Cell::text("AI and Machine Learning"),
        Cell::text(service(row)),
        Cell::text("Generative AI"),
        Cell::Text(sku(row)),
        unit,
        Cell::text(&row.team_id),
        Cell::text(named.team(&row.team_id).unwrap_or(&row.team_id)),
        Cell::Text(Cow::Owned(tags(row, named, tag))),
        Cell::Count(row.sums.api_requests),
        Cell::Count(row.sums.cache_creation_tokens),
        Cell::Count(row.sums.cache_read_tokens),
        Cell::Count(row.sums.completion_tokens),
        Cell::Count(row.sums.failed_requests),
        Cell::text(&row.model),
        Cell::Count(row.sums.prompt_tokens),
        Cell::Count(row.sums.reasoning_tokens),
    ]
}

/// Who pays: the organization.
fn account<'a>(row: &'a Row, named: &'a Named) -> (&'a str, &'a str) {
    match row.organization_id.as_str() {
        "" => GATEWAY,
        id => (id, named.organization(id).unwrap_or(id)),
    }
}

/// How much was used, and of what: tokens, where there are any, else requests.
fn quantity(row: &Row) -> (Cell<'static>, Cell<'static>) {
    match row.sums.prompt_tokens.saturating_add(row.sums.completion_tokens) {
        0 => (Cell::Quantity(row.sums.api_requests), Cell::text("Requests")),
        tokens => (Cell::Quantity(tokens), Cell::text("Tokens")),
    }
}

/// A provider as people call it.
fn provider_name(provider: &str) -> &str {
    match PROVIDERS.iter().find(|sheet| sheet.prefix == provider) {
        Some(sheet) => sheet.name,
        None if provider.is_empty() => GATEWAY.1,
        None => provider,
    }
}

/// What was asked for: a public model. A call that was refused before its model was known has none.
fn service(row: &Row) -> &str {
    if row.model_group.is_empty() { GATEWAY.1 } else { &row.model_group }
}

/// What answered: a provider's model.
fn sku(row: &Row) -> Cow<'_, str> {
    match (row.provider.as_str(), row.model.as_str()) {
        (_, "") => Cow::Borrowed(service(row)),
        ("", model) => Cow::Borrowed(model),
        (provider, model) => Cow::Owned(format!("{provider}/{model}")),
    }
}

fn description(row: &Row) -> String {
    let requests = row.sums.api_requests;
    let noun = if requests == 1 { "request" } else { "requests" };
    format!("{requests} {noun} of {}", service(row))
}

/// The first day of the month, and that of the next.
fn month(day: NaiveDate) -> (NaiveDate, NaiveDate) {
    let first = day.with_day(1).unwrap_or(day);
    (first, first.checked_add_months(Months::new(1)).unwrap_or(first))
}

fn midnight(day: NaiveDate) -> Cell<'static> {
    let instant: DateTime<Utc> = day.and_time(NaiveTime::MIN).and_utc();
    Cell::Instant(instant)
}

/// The calls' own tag, which has no value, who made them, and what finance books them to.
fn tags(row: &Row, named: &Named, tag: Option<&str>) -> String {
    let mut tags = Map::new();
    tags.extend(tag.map(|tag| (tag.to_owned(), Value::Bool(true))));
    let user = row.user_id.as_str();
    let center = named.cost_center(&row.team_id, &row.organization_id);
    for (name, value) in [
        ("user_id", Some(user)),
        ("user_email", named.user(user)),
        ("end_user", Some(row.end_user.as_str())),
        ("cost_center", center),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            tags.insert(format!("{TAG_PREFIX}{name}"), Value::from(value));
        }
    }
    Value::Object(tags).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_billing_period_is_a_month() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert_eq!(month(day("2026-11-21")), (day("2026-11-01"), day("2026-12-01")));
        assert_eq!(month(day("2026-12-31")), (day("2026-12-01"), day("2027-01-01")));
    }

    #[test]
    fn providers_have_the_names_that_people_know() {
        assert_eq!(
            ["openai", "vertex_ai", "mine", ""].map(provider_name),
            ["OpenAI", "Google Vertex AI", "mine", "Tollgate"]
        );
    }
}
