//! Limits of single models: a row each as somebody typed it, and the three fields of the API that they make up. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use tollgate_openapi::key::KeyView;
use tollgate_openapi::limit::LimitView;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::patch::Patch;

use super::{Errors, keep};
use crate::input::{parse_count, parse_dollars, plain_dollars, some_text};
use crate::keyed::json_object;

/// Wire names of the three fields.
pub(crate) const FIELDS: [&str; 3] = ["model_max_budget", "model_rpm_limit", "model_tpm_limit"];

/// What one model is limited to.
#[derive(Clone, Debug, Default, PartialEq)]
struct ModelLimit {
    max_budget: Option<NanoUsd>,
    budget_duration: Option<String>,
    rpm: Option<i64>,
    tpm: Option<i64>,
}

/// What single models are limited to, by their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ModelLimits(BTreeMap<String, ModelLimit>);

impl From<&LimitView> for ModelLimits {
    fn from(view: &LimitView) -> Self {
        Self::read([&view.model_max_budget, &view.model_rpm_limit, &view.model_tpm_limit])
    }
}

impl From<&KeyView> for ModelLimits {
    /// A key names them among its further fields.
    fn from(key: &KeyView) -> Self {
        let nothing = Map::new();
        Self::read(FIELDS.map(|name| key.other.get(name).and_then(Value::as_object).unwrap_or(&nothing)))
    }
}

impl ModelLimits {
    fn read([budgets, rpm, tpm]: [&Map<String, Value>; 3]) -> Self {
        let mut limits: BTreeMap<String, ModelLimit> = BTreeMap::new();
        for (model, budget) in budgets {
            limits.insert(model.clone(), ModelLimit::of_budget(budget));
        }
        for (model, count) in rpm {
            limits.entry(model.clone()).or_default().rpm = count.as_i64();
        }
        for (model, count) in tpm {
            limits.entry(model.clone()).or_default().tpm = count.as_i64();
        }
        Self(limits)
    }

    /// The rows of a form.
    pub(crate) fn drafts(&self) -> Vec<ModelLimitDraft> {
        let count = |limit: Option<i64>| limit.map(|n| n.to_string()).unwrap_or_default();
        let draft = |(model, limit): (&String, &ModelLimit)| ModelLimitDraft {
            model: model.clone(),
            max_budget: limit.max_budget.map(plain_dollars).unwrap_or_default(),
            budget_duration: limit.budget_duration.clone().unwrap_or_default(),
            rpm: count(limit.rpm),
            tpm: count(limit.tpm),
        };
        self.0.iter().map(draft).collect()
    }

    /// The three fields: budgets, requests and tokens a minute.
    fn fields(&self) -> [Map<String, Value>; 3] {
        let counts = |count: fn(&ModelLimit) -> Option<i64>| {
            json_object(&mut self.0.iter().filter_map(|(model, limit)| Some((model.clone(), count(limit)?.into()))))
        };
        let mut budgets = self.0.iter().filter_map(|(model, limit)| Some((model.clone(), limit.budget()?)));
        [json_object(&mut budgets), counts(|limit| limit.rpm), counts(|limit| limit.tpm)]
    }

    /// What changes `before` into these. Each field is replaced as a whole, and all of them at once: a budget may have
    /// carried counts too.
    pub(crate) fn to_patches(&self, before: &Self) -> [Patch<Map<String, Value>>; 3] {
        let is_same = self == before;
        let mut before = before.fields().into_iter();
        self.fields().map(|after| match before.next() {
            _ if is_same => Patch::Absent,
            Some(before) if before.is_empty() && after.is_empty() => Patch::Absent,
            _ if after.is_empty() => Patch::Clear,
            _ => Patch::Set(after),
        })
    }
}

impl ModelLimit {
    /// A model's budget on the wire: an amount, or an object that the API takes with either of two names for each.
    fn of_budget(value: &Value) -> Self {
        let field = |names: [&str; 2]| names.iter().find_map(|name| value.get(*name));
        let amount = if value.is_object() { field(["max_budget", "budget_limit"]) } else { Some(value) };
        let usd = amount.and_then(|amount| match amount {
            Value::String(text) => text.trim().parse().ok(),
            amount => amount.as_f64(),
        });
        Self {
            max_budget: usd.and_then(|usd| NanoUsd::from_usd(usd).ok()),
            budget_duration: field(["budget_duration", "time_period"]).and_then(Value::as_str).map(str::to_owned),
            rpm: value.get("rpm_limit").and_then(Value::as_i64),
            tpm: value.get("tpm_limit").and_then(Value::as_i64),
        }
    }

    fn budget(&self) -> Option<Value> {
        let max_budget = self.max_budget?;
        Some(match &self.budget_duration {
            Some(duration) => json!({"max_budget": max_budget, "budget_duration": duration}),
            None => json!({"max_budget": max_budget}),
        })
    }
}

/// One row of a form. An empty text sets nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ModelLimitDraft {
    pub(crate) model: String,
    pub(crate) max_budget: String,
    pub(crate) budget_duration: String,
    pub(crate) rpm: String,
    pub(crate) tpm: String,
}

impl ModelLimitDraft {
    fn is_empty(&self) -> bool {
        [&self.model, &self.max_budget, &self.rpm, &self.tpm].iter().all(|text| text.trim().is_empty())
    }
}

/// Name of a row's field among the errors.
pub(crate) fn field_of(field: &str, row: usize) -> String {
    format!("model_limits.{row}.{field}")
}

/// What is typed; what is wrong is put among the errors. Rows without anything in them are left out.
pub(crate) fn parse(rows: &[ModelLimitDraft], errors: &mut Errors) -> ModelLimits {
    let mut limits = BTreeMap::new();
    for (index, row) in rows.iter().enumerate().filter(|(_, row)| !row.is_empty()) {
        let name = |field: &str| field_of(field, index);
        let limit = ModelLimit {
            max_budget: keep(parse_dollars(&row.max_budget), &name("max_budget"), errors),
            budget_duration: some_text(&row.budget_duration),
            rpm: keep(parse_count(&row.rpm), &name("rpm"), errors),
            tpm: keep(parse_count(&row.tpm), &name("tpm"), errors),
        };
        let Some(model) = some_text(&row.model) else {
            errors.insert(name("model"), "Name the model.".to_owned());
            continue;
        };
        if limits.insert(model, limit).is_some() {
            errors.insert(name("model"), "This model has a row already.".to_owned());
        }
    }
    ModelLimits(limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(fields: Value) -> ModelLimits {
        let map = |name: &str| fields.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
        let [budgets, rpm, tpm] = FIELDS.map(map);
        ModelLimits::read([&budgets, &rpm, &tpm])
    }

    #[test]
    fn every_spelling_of_the_api_is_one_row_a_model() {
        let read = limits(json!({
            "model_max_budget": {"a": {"budget_limit": "0.5", "time_period": "1d"}, "b": 3, "c": {"max_budget": 2, "rpm_limit": 7}},
            "model_rpm_limit": {"a": 10},
            "model_tpm_limit": {"d": 1000},
        }));
        let rows = read
            .drafts()
            .into_iter()
            .map(|row| [row.model, row.max_budget, row.budget_duration, row.rpm, row.tpm].join("|"));
        let rows: Vec<_> = rows.collect();
        assert_eq!(rows, ["a|0.5|1d|10|", "b|3|||", "c|2||7|", "d||||1000"]);
        // Nobody touched them: nothing is sent, however they were spelled.
        let parsed = parse(&read.drafts(), &mut Errors::new());
        assert_eq!(parsed.to_patches(&read), [Patch::Absent, Patch::Absent, Patch::Absent]);
    }

    #[test]
    fn a_field_is_replaced_as_a_whole_and_cleared_where_nothing_is_left() {
        let before = limits(json!({
            "model_max_budget": {"a": {"max_budget": 5.0, "budget_duration": "daily"}, "b": 3.0},
            "model_rpm_limit": {"a": 10},
        }));
        let mut rows = before.drafts();
        rows[0].rpm = String::new();
        rows[1].max_budget = "4".to_owned();
        let [budgets, rpm, tpm] = parse(&rows, &mut Errors::new()).to_patches(&before);
        let expected = json!({"a": {"max_budget": 5.0, "budget_duration": "daily"}, "b": {"max_budget": 4.0}});
        assert_eq!(Patch::Set(expected.as_object().unwrap().clone()), budgets);
        assert_eq!((rpm, tpm), (Patch::Clear, Patch::Absent));
    }

    #[test]
    fn what_is_wrong_is_named_by_its_row() {
        let row = |model: &str, rpm: &str| ModelLimitDraft {
            model: model.to_owned(),
            rpm: rpm.to_owned(),
            ..ModelLimitDraft::default()
        };
        let mut errors = Errors::new();
        parse(&[row("a", "1"), row("", ""), row("a", "2"), row("", "3"), row("b", "many")], &mut errors);
        let names: Vec<_> = errors.keys().map(String::as_str).collect();
        assert_eq!(names, ["model_limits.2.model", "model_limits.3.model", "model_limits.4.rpm"]);
    }
}
