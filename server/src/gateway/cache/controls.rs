//! What a call says of the cache, in LiteLLM's words.

use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, HeaderMap};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::config::{TTL_MAX, is_namespace};
use crate::provider::openai::RequestError;

/// The member of a body.
pub(super) const MEMBER: &str = "cache";
/// LiteLLM's switch for a single call.
pub(super) const SWITCH: &str = "caching";

/// What may stand in the member.
const NAMES: [&str; 7] = ["no-cache", "no-store", "ttl", "s-maxage", "max-age", "namespace", "use-cache"];

/// What a call says of the cache.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Controls {
    /// The answer is not to come from the cache.
    pub(super) no_cache: bool,
    /// The answer is not to be kept.
    pub(super) no_store: bool,
    /// How long it is to be kept.
    pub(super) ttl: Option<Duration>,
    /// An older one is not wanted.
    pub(super) max_age: Option<Duration>,
    /// What sets it apart from others.
    pub(super) namespace: Option<String>,
    /// The cache is wanted, where only those who ask for it have it.
    pub(super) use_cache: bool,
}

impl Controls {
    /// Reads the members `cache` and `caching` of a body, and the headers.
    ///
    /// # Errors
    /// When something in them is not what is expected.
    pub(super) fn read(
        cache: Option<&RawValue>,
        caching: Option<&RawValue>,
        headers: &HeaderMap,
    ) -> Result<Self, RequestError> {
        let mut controls = match cache {
            Some(cache) => Self::of_body(cache)?,
            None => Self::default(),
        };
        if let Some(caching) = caching {
            let is_wanted: Option<bool> =
                serde_json::from_str(caching.get()).map_err(|_| wrong("caching", "true or false"))?;
            let is_unwanted = is_wanted == Some(false);
            controls.no_cache |= is_unwanted;
            controls.no_store |= is_unwanted;
            controls.use_cache |= is_wanted == Some(true);
        }
        let directives = headers.get_all(CACHE_CONTROL).filter_map(|value| value.to_str().ok());
        for directive in directives.flat_map(|value| value.split(',')).map(str::trim) {
            controls.no_cache |= directive.eq_ignore_ascii_case("no-cache");
            controls.no_store |= directive.eq_ignore_ascii_case("no-store");
        }
        Ok(controls)
    }

    fn of_body(cache: &RawValue) -> Result<Self, RequestError> {
        let members: Option<Map<String, Value>> = serde_json::from_str(cache.get())
            .map_err(|_| wrong("cache", "an object such as {\"no-cache\": true} or {\"ttl\": 600}"))?;
        let members = members.unwrap_or_default();
        if let Some(name) = members.keys().find(|name| !NAMES.contains(&name.as_str())) {
            let message = format!("Invalid 'cache': there is no '{name}'. There are {}.", NAMES.join(", "));
            return Err(RequestError { param: Some("cache".into()), message });
        }
        let flag = |name: &str| match members.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(wrong(&format!("cache.{name}"), "true or false")),
        };
        let seconds = |name: &str| match members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let seconds = value.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                let expected = format!("seconds from 0 to {}", TTL_MAX.as_secs());
                let seconds = seconds.filter(|seconds| *seconds <= TTL_MAX);
                seconds.map(Some).ok_or_else(|| wrong(&format!("cache.{name}"), &expected))
            }
        };
        let namespace = match members.get("namespace") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) if is_namespace(name) => Some(name.clone()),
            Some(_) => return Err(wrong("cache.namespace", "1 to 128 letters, digits and any of . _ - : /")),
        };
        let max_age = match seconds("s-maxage")? {
            Some(seconds) => Some(seconds),
            None => seconds("max-age")?,
        };
        Ok(Self {
            no_cache: flag("no-cache")?,
            no_store: flag("no-store")?,
            ttl: seconds("ttl")?,
            max_age,
            namespace,
            use_cache: flag("use-cache")?,
        })
    }
}

fn wrong(what: &str, expected: &str) -> RequestError {
    let param = if what.starts_with(SWITCH) { SWITCH } else { MEMBER };
    RequestError { param: Some(param.into()), message: format!("Invalid '{what}': expected {expected}.") }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use serde_json::json;

    use super::*;

    fn read(cache: &Value) -> Result<Controls, RequestError> {
        let raw = serde_json::value::to_raw_value(cache).unwrap();
        Controls::read(Some(&raw), None, &HeaderMap::new())
    }

    #[test]
    fn each_control_is_read() {
        let all = json!({"no-cache": true, "no-store": true, "ttl": 1.5, "s-maxage": 60, "namespace": "a:b",
            "use-cache": true});
        let expected = Controls {
            no_cache: true,
            no_store: true,
            ttl: Some(Duration::from_millis(1_500)),
            max_age: Some(Duration::from_secs(60)),
            namespace: Some("a:b".to_owned()),
            use_cache: true,
        };
        assert_eq!(read(&all).unwrap(), expected);
        assert_eq!(read(&json!({"max-age": 60})).unwrap().max_age, Some(Duration::from_secs(60)));
        for nothing in [json!(null), json!({}), json!({"ttl": null, "no-cache": false, "namespace": null})] {
            assert_eq!(read(&nothing).unwrap(), Controls::default());
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (cache, what) in [
            (json!("no-cache"), "'cache': expected an object"),
            (json!([]), "'cache': expected an object"),
            (json!({"no_cache": true}), "there is no 'no_cache'"),
            (json!({"no-cache": "yes"}), "'cache.no-cache': expected true or false"),
            (json!({"ttl": -1}), "'cache.ttl': expected seconds"),
            (json!({"ttl": "60"}), "'cache.ttl': expected seconds"),
            (json!({"s-maxage": 1e99}), "'cache.s-maxage': expected seconds"),
            (json!({"namespace": ""}), "'cache.namespace': expected"),
            (json!({"namespace": "a b"}), "'cache.namespace': expected"),
            (json!({"namespace": 5}), "'cache.namespace': expected"),
        ] {
            let error = read(&cache).unwrap_err();
            assert!(error.message.contains(what) && error.param.as_deref() == Some("cache"), "{cache}: {error:?}");
        }
        let caching = serde_json::value::to_raw_value("off").unwrap();
        let error = Controls::read(None, Some(&caching), &HeaderMap::new()).unwrap_err();
        assert_eq!(error.param.as_deref(), Some("caching"));
    }

    #[test]
    fn headers_and_the_switch_say_the_same() {
        let headers = |value| HeaderMap::from_iter([(CACHE_CONTROL, HeaderValue::from_static(value))]);
        let of = |value| Controls::read(None, None, &headers(value)).unwrap();
        assert!(of("No-Cache").no_cache && !of("no-cache").no_store);
        assert!(of("max-age=0, no-store").no_store);
        assert_eq!(of("private"), Controls::default());
        let caching = serde_json::value::to_raw_value(&false).unwrap();
        let off = Controls::read(None, Some(&caching), &HeaderMap::new()).unwrap();
        assert!(off.no_cache && off.no_store && !off.use_cache);
    }
}
