//! Limits for single models: `model_max_budget`, `model_rpm_limit` and `model_tpm_limit` of LiteLLM's keys.

use std::collections::BTreeMap;

use serde_json::Value;
use tollgate_openapi::money::NanoUsd;

use super::window::Span;

/// What a call to one model may take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelLimits {
    /// Money in each window.
    pub max_budget: Option<NanoUsd>,
    /// Length of the window.
    pub span: Option<Span>,
    /// Requests a minute.
    pub rpm: Option<u64>,
    /// Tokens a minute.
    pub tpm: Option<u64>,
}

/// A value that is none of these.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: expected {expected}")]
pub struct ModelLimitsError {
    /// Such as `model_max_budget.gpt-4o.budget_limit`.
    pub path: String,
    /// What was expected.
    pub expected: &'static str,
}

/// Reads the three fields, looked up by `field`, into limits by model name.
///
/// # Errors
/// At the first value that has the wrong type, or is negative.
pub fn read<'f>(field: impl Fn(&str) -> Option<&'f Value>) -> Result<BTreeMap<String, ModelLimits>, ModelLimitsError> {
    let mut limits: BTreeMap<String, ModelLimits> = BTreeMap::new();
    for (model, budget) in members(&field, "model_max_budget", "an object of budgets by model")? {
        read_budget(&format!("model_max_budget.{model}"), budget, limits.entry(model.clone()).or_default())?;
    }
    for (model, value) in members(&field, "model_rpm_limit", "an object of requests a minute by model")? {
        limits.entry(model.clone()).or_default().rpm = count(format!("model_rpm_limit.{model}"), value)?;
    }
    for (model, value) in members(&field, "model_tpm_limit", "an object of tokens a minute by model")? {
        limits.entry(model.clone()).or_default().tpm = count(format!("model_tpm_limit.{model}"), value)?;
    }
    Ok(limits)
}

fn members<'f>(
    field: &impl Fn(&str) -> Option<&'f Value>,
    name: &str,
    expected: &'static str,
) -> Result<Vec<(&'f String, &'f Value)>, ModelLimitsError> {
    match field(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(members)) => Ok(members.iter().collect()),
        Some(_) => Err(ModelLimitsError { path: name.to_owned(), expected }),
    }
}

/// LiteLLM has two names for each; either a bare number or an object.
fn read_budget(path: &str, value: &Value, limits: &mut ModelLimits) -> Result<(), ModelLimitsError> {
    let Value::Object(members) = value else {
        limits.max_budget = money(path.to_owned(), value)?;
        return Ok(());
    };
    for (name, value) in members {
        let path = format!("{path}.{name}");
        match name.as_str() {
            "max_budget" | "budget_limit" => limits.max_budget = money(path, value)?,
            "budget_duration" | "time_period" => limits.span = span(path, value)?,
            "rpm_limit" => limits.rpm = count(path, value)?,
            "tpm_limit" => limits.tpm = count(path, value)?,
            _ => {
                let expected = "one of max_budget, budget_duration, rpm_limit, tpm_limit";
                return Err(ModelLimitsError { path, expected });
            }
        }
    }
    Ok(())
}

/// Dollars as a number, or as text, as LiteLLM's own examples have them.
fn money(path: String, value: &Value) -> Result<Option<NanoUsd>, ModelLimitsError> {
    let usd = match value {
        Value::Null => return Ok(None),
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let money = usd.filter(|usd| *usd >= 0.0).and_then(|usd| NanoUsd::from_usd(usd).ok());
    money.map(Some).ok_or(ModelLimitsError { path, expected: "US dollars of zero or more" })
}

fn span(path: String, value: &Value) -> Result<Option<Span>, ModelLimitsError> {
    if value.is_null() {
        return Ok(None);
    }
    let span = value.as_str().and_then(|text| Span::parse(text).ok());
    span.map(Some).ok_or(ModelLimitsError { path, expected: "a duration such as \"30d\"" })
}

fn count(path: String, value: &Value) -> Result<Option<u64>, ModelLimitsError> {
    if value.is_null() {
        return Ok(None);
    }
    value.as_u64().map(Some).ok_or(ModelLimitsError { path, expected: "a whole number of zero or more" })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_json(value: Value) -> Result<BTreeMap<String, ModelLimits>, String> {
        read(|name| value.get(name)).map_err(|error| error.to_string())
    }

    #[test]
    fn all_spellings_are_read() {
        let read = read_json(json!({
            "model_max_budget": {
                "gpt-4o": {"budget_limit": "0.5", "time_period": "1d"},
                "gpt-4o-mini": {"max_budget": 2, "budget_duration": "30d", "rpm_limit": 7},
                "o1": 3,
            },
            "model_rpm_limit": {"gpt-4o": 10, "o3": null},
            "model_tpm_limit": {"o3": 1000},
            "unrelated": 1,
        }))
        .unwrap();
        let span = |text| Some(Span::parse(text).unwrap());
        let usd = |usd| Some(NanoUsd::from_usd(usd).unwrap());
        let gpt = ModelLimits { max_budget: usd(0.5), span: span("1d"), rpm: Some(10), tpm: None };
        let mini = ModelLimits { max_budget: usd(2.0), span: span("30d"), rpm: Some(7), tpm: None };
        assert_eq!((&read["gpt-4o"], &read["gpt-4o-mini"]), (&gpt, &mini));
        assert_eq!((read["o1"].max_budget, read["o3"].rpm, read["o3"].tpm), (usd(3.0), None, Some(1000)));
        assert_eq!(read_json(json!({"model_max_budget": null})).unwrap().len(), 0);
    }

    #[test]
    fn anything_else_is_named() {
        let wrong = |value| read_json(value).unwrap_err();
        assert_eq!(
            wrong(json!({"model_rpm_limit": {"gpt-4o": -1}})),
            "model_rpm_limit.gpt-4o: expected a whole number of zero or more"
        );
        assert_eq!(
            wrong(json!({"model_max_budget": {"m": {"limit": 1}}})),
            "model_max_budget.m.limit: expected one of max_budget, budget_duration, rpm_limit, tpm_limit"
        );
        assert_eq!(
            wrong(json!({"model_max_budget": {"m": "much"}})),
            "model_max_budget.m: expected US dollars of zero or more"
        );
        assert!(wrong(json!({"model_tpm_limit": [1]})).starts_with("model_tpm_limit: "));
        assert!(wrong(json!({"model_max_budget": {"m": {"time_period": "soon"}}})).contains("a duration"));
    }
}
