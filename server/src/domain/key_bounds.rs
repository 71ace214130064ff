//! How much a key may be given by those who do not administer the gateway: the most that its limits may be.

use serde_json::{Map, Value};
use tollgate_openapi::money::NanoUsd;

use super::window::Span;

/// Names that stand for every model.
const ALL_MODELS: [&str; 3] = ["*", "all-proxy-models", "all-team-models"];
/// Windows of a budget that are shorter than this many seconds are held to the same amount in this time, where the bound
/// does not say for how long it is: else a window of a second would be no bound at all.
const WINDOW_SECONDS_MIN: u64 = 86_400;

/// The most that limits of a key may be; what is `None` is not bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Money in a budget window.
    pub max_budget: Option<NanoUsd>,
    /// For how long that is; also the longest budget window.
    pub budget_duration: Option<Span>,
    /// How long the key is valid.
    pub duration: Option<Span>,
    /// Calls in flight at once.
    pub max_parallel_requests: Option<i64>,
    /// Requests a minute.
    pub rpm_limit: Option<i64>,
    /// Tokens a minute.
    pub tpm_limit: Option<i64>,
    /// Models, or `prefix/*`; empty: not bounded.
    pub models: Vec<String>,
}

/// What a key is to have.
#[derive(Clone, Debug, Default)]
pub struct Granted<'a> {
    /// Money in a budget window; `None`: any amount.
    pub max_budget: Option<NanoUsd>,
    /// Its window; `None`: it never starts anew.
    pub budget_duration: Option<Span>,
    /// Seconds until it stops working; `None`: never.
    pub seconds_left: Option<i64>,
    /// Calls in flight at once.
    pub max_parallel_requests: Option<i64>,
    /// Requests a minute.
    pub rpm_limit: Option<i64>,
    /// Tokens a minute.
    pub tpm_limit: Option<i64>,
    /// Models; empty: all.
    pub models: &'a [String],
}

/// A field that is beyond a bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excess {
    /// Its name.
    pub field: &'static str,
    /// What was expected, such as `at most 10 US dollars in 30d`.
    pub expected: String,
}

impl Bounds {
    /// The names of the fields of a JSON object that are bounds.
    pub const FIELDS: [&'static str; 7] =
        ["max_budget", "budget_duration", "duration", "max_parallel_requests", "rpm_limit", "tpm_limit", "models"];

    /// Reads the bounds among the members of a JSON object.
    ///
    /// # Errors
    /// The first member that is wrong, and what was expected of it.
    pub fn read(members: &Map<String, Value>) -> Result<Self, Excess> {
        let wrong = |field: &'static str, expected: &str| Excess { field, expected: expected.to_owned() };
        let set = |field: &str| members.get(field).filter(|value| !value.is_null());
        let money = |field: &'static str| match set(field) {
            None => Ok(None),
            Some(value) => match value.as_f64().and_then(|usd| NanoUsd::from_usd(usd).ok()).filter(|usd| usd.0 >= 0) {
                Some(usd) => Ok(Some(usd)),
                None => Err(wrong(field, "US dollars of zero or more")),
            },
        };
        let span = |field: &'static str| match set(field) {
            None => Ok(None),
            Some(value) => match value.as_str().map(Span::parse) {
                Some(Ok(span)) => Ok(Some(span)),
                _ => Err(wrong(field, "a duration such as \"30d\"")),
            },
        };
        let count = |field: &'static str| match set(field) {
            None => Ok(None),
            Some(value) => match value.as_i64().filter(|count| *count >= 0) {
                Some(count) => Ok(Some(count)),
                None => Err(wrong(field, "a whole number of zero or more")),
            },
        };
        let models = match set("models") {
            None => Vec::new(),
            Some(value) => texts(value).ok_or_else(|| wrong("models", "a list of models"))?,
        };
        Ok(Self {
            max_budget: money("max_budget")?,
            budget_duration: span("budget_duration")?,
            duration: span("duration")?,
            max_parallel_requests: count("max_parallel_requests")?,
            rpm_limit: count("rpm_limit")?,
            tpm_limit: count("tpm_limit")?,
            models,
        })
    }

    /// Goes on where all fields of a key that `is_asked` names are within the bounds. Where the fields `must_be_set`, one
    /// that sets nothing is beyond any bound; else it is not, since something else holds for it then.
    ///
    /// # Errors
    /// The first field that is not.
    pub fn check(&self, key: &Granted<'_>, must_be_set: bool, is_asked: impl Fn(&str) -> bool) -> Result<(), Excess> {
        if (is_asked("max_budget") || is_asked("budget_duration")) && !self.affords(key, must_be_set) {
            return self.exceeded("max_budget");
        }
        let is_too_long = |window: Span| self.budget_duration.is_some_and(|bound| window.length() > bound.length());
        if must_be_set && is_asked("budget_duration") && key.budget_duration.is_some_and(is_too_long) {
            return self.exceeded("budget_duration");
        }
        let lasts = |seconds: i64, bound: Span| u64::try_from(seconds).unwrap_or(0) <= bound.length().as_secs();
        let is_brief = match (key.seconds_left, self.duration) {
            (_, None) => true,
            (Some(seconds), Some(bound)) => lasts(seconds, bound),
            (None, Some(_)) => !must_be_set,
        };
        if is_asked("duration") && !is_brief {
            return self.exceeded("duration");
        }
        for (field, own, bound) in [
            ("max_parallel_requests", key.max_parallel_requests, self.max_parallel_requests),
            ("rpm_limit", key.rpm_limit, self.rpm_limit),
            ("tpm_limit", key.tpm_limit, self.tpm_limit),
        ] {
            let is_within = match (own, bound) {
                (_, None) => true,
                (Some(own), Some(bound)) => own <= bound,
                (None, Some(_)) => !must_be_set,
            };
            if is_asked(field) && !is_within {
                return self.exceeded(field);
            }
        }
        if is_asked("models") && !self.covers(key.models, must_be_set) {
            return self.exceeded("models");
        }
        Ok(())
    }

    /// Whether the key's budget gives it no more money in any stretch of time than the bound does.
    fn affords(&self, key: &Granted<'_>, must_be_set: bool) -> bool {
        let Some(most) = self.max_budget else { return true };
        let Some(own) = key.max_budget else { return !must_be_set };
        let Some(window) = key.budget_duration.map(|span| span.length().as_secs()) else { return own <= most };
        let bound = self.budget_duration.map_or(WINDOW_SECONDS_MIN, |span| span.length().as_secs());
        let in_bound = i128::from(own.0) * i128::from(bound.max(window));
        own <= most && in_bound <= i128::from(most.0) * i128::from(window)
    }

    fn covers(&self, models: &[String], must_be_set: bool) -> bool {
        let is_all = |list: &[String]| list.iter().any(|model| ALL_MODELS.contains(&model.as_str()));
        if self.models.is_empty() || is_all(&self.models) {
            return true;
        }
        if models.is_empty() || is_all(models) {
            return !must_be_set;
        }
        let covers = |bound: &String, model: &String| {
            bound == model || bound.strip_suffix('*').is_some_and(|prefix| model.starts_with(prefix))
        };
        models.iter().all(|model| self.models.iter().any(|bound| covers(bound, model)))
    }

    fn exceeded(&self, field: &'static str) -> Result<(), Excess> {
        Err(Excess { field, expected: self.expected(field).unwrap_or_default() })
    }

    /// What is expected of a field, in words; `None`: nothing.
    #[must_use]
    pub fn expected(&self, field: &str) -> Option<String> {
        let count = |bound: Option<i64>| bound.map(|bound| format!("at most {bound}"));
        match field {
            "max_budget" => self.max_budget.map(|money| match self.budget_duration {
                Some(span) => format!("at most {} US dollars in {span}", money.to_usd()),
                None => format!("at most {} US dollars, and no more than that in a day", money.to_usd()),
            }),
            "budget_duration" => self.budget_duration.map(|span| format!("at most {span}")),
            "duration" => self.duration.map(|span| format!("at most {span}")),
            "max_parallel_requests" => count(self.max_parallel_requests),
            "rpm_limit" => count(self.rpm_limit),
            "tpm_limit" => count(self.tpm_limit),
            "models" => (!self.models.is_empty()).then(|| format!("some of {}", self.models.join(", "))),
            _ => None,
        }
    }
}

/// Who may make keys, and what they must say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Makers {
    /// Roles that may; `None`: whoever may without this.
    pub roles: Option<Vec<String>>,
    /// Fields that a new key must set.
    pub required: Vec<String>,
}

impl Makers {
    /// Reads `roles_field` and `required_params` of a JSON object.
    ///
    /// # Errors
    /// The member that is wrong, and what was expected of it.
    pub fn read(members: &Map<String, Value>, roles_field: &'static str, roles: &[&str]) -> Result<Self, Excess> {
        let list = |field: &'static str| match members.get(field).filter(|value| !value.is_null()) {
            None => Ok(None),
            Some(value) => {
                texts(value).map(Some).ok_or_else(|| Excess { field, expected: "a list of texts".to_owned() })
            }
        };
        let named = list(roles_field)?;
        if named.iter().flatten().any(|role| !roles.contains(&role.as_str())) {
            return Err(Excess { field: roles_field, expected: format!("some of {}", roles.join(", ")) });
        }
        Ok(Self { roles: named, required: list("required_params")?.unwrap_or_default() })
    }
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn bounds(json: Value) -> Bounds {
        Bounds::read(json.as_object().unwrap()).unwrap()
    }

    fn field(bounds: &Bounds, key: &Granted<'_>) -> Option<&'static str> {
        bounds.check(key, true, |_| true).err().map(|excess| excess.field)
    }

    #[test]
    fn a_shorter_window_gets_no_more_money_in_the_same_time() {
        let a_month = bounds(json!({"max_budget": 30, "budget_duration": "30d"}));
        let key = |usd: i64, window: &str| Granted {
            max_budget: Some(NanoUsd(usd * 1_000_000_000)),
            budget_duration: Some(Span::parse(window).unwrap()),
            ..Granted::default()
        };
        assert_eq!(field(&a_month, &key(30, "30d")), None);
        assert_eq!(field(&a_month, &key(1, "1d")), None);
        assert_eq!(field(&a_month, &key(2, "1d")), Some("max_budget"));
        assert_eq!(field(&a_month, &key(30, "1s")), Some("max_budget"));
        assert_eq!(field(&a_month, &key(31, "30d")), Some("max_budget"));
        assert_eq!(field(&a_month, &key(30, "60d")), Some("budget_duration"));
        let some = bounds(json!({"max_budget": 30}));
        assert_eq!((field(&some, &key(30, "1d")), field(&some, &key(30, "30d"))), (None, None));
        assert_eq!(field(&some, &key(30, "1h")), Some("max_budget"));
    }

    #[test]
    fn what_sets_nothing_is_beyond_a_bound_only_where_it_must_be_set() {
        let all = bounds(json!({"rpm_limit": 5, "models": ["a", "b/*"], "duration": "1d", "max_budget": 1}));
        let nothing = Granted::default();
        assert_eq!(field(&all, &nothing), Some("max_budget"));
        assert_eq!(all.check(&nothing, false, |_| true), Ok(()));
        assert_eq!(all.check(&nothing, true, |field| field == "tpm_limit"), Ok(()));
        let excess = all.check(&nothing, true, |field| field == "duration").unwrap_err();
        assert_eq!((excess.field, excess.expected.as_str()), ("duration", "at most 1d"));
        let key = |models: &[&str]| models.iter().map(ToString::to_string).collect::<Vec<_>>();
        for (models, is_covered) in [
            (key(&["a"]), true),
            (key(&["b/c", "b/d*"]), true),
            (key(&["a", "c"]), false),
            (key(&["*"]), false),
            (key(&["all-team-models"]), false),
            (key(&["b*"]), false),
        ] {
            let granted = Granted { models: &models, ..Granted::default() };
            assert_eq!(all.check(&granted, true, |field| field == "models").is_ok(), is_covered, "{models:?}");
        }
    }

    #[test]
    fn what_is_no_bound_is_told() {
        for (json, expected) in [
            (json!({"max_budget": -1}), "max_budget"),
            (json!({"duration": "soon"}), "duration"),
            (json!({"rpm_limit": 1.5}), "rpm_limit"),
            (json!({"models": "a"}), "models"),
        ] {
            assert_eq!(Bounds::read(json.as_object().unwrap()).unwrap_err().field, expected);
        }
        let roles = json!({"allowed_team_member_roles": ["boss"]});
        let error = Makers::read(roles.as_object().unwrap(), "allowed_team_member_roles", &["admin", "user"]);
        assert_eq!(error.unwrap_err().expected, "some of admin, user");
    }
}
