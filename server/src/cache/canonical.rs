//! JSON in one form: the same value is the same bytes, however it was written.
//!
//! Members are in the order of their names; long texts stand as their hash, so that the form is never longer than what
//! it is made from. Numbers written differently (`1` and `1.0`) stay different: a miss costs less than a wrong answer.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use sha2::{Digest, Sha256};

/// Texts above this stand as their hash, in bytes.
const TEXT_BYTES_MAX: usize = 64;

/// The canonical form of a JSON text.
///
/// # Errors
/// When it is no JSON, or an object in it names a member twice: readers do not agree on what that means.
pub fn canonical(json: &str) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::new();
    let mut deserializer = serde_json::Deserializer::from_str(json);
    Writer(&mut out).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(out)
}

/// Writes one value.
struct Writer<'o>(&'o mut Vec<u8>);

impl Writer<'_> {
    fn tagged(self, tag: u8, bytes: &[u8]) {
        self.0.push(tag);
        self.0.extend_from_slice(bytes);
    }
}

impl<'de> DeserializeSeed<'de> for Writer<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    if text.len() > TEXT_BYTES_MAX {
        out.push(b'h');
        out.extend_from_slice(&Sha256::digest(text.as_bytes()));
        return;
    }
    out.push(b's');
    // At most [`TEXT_BYTES_MAX`].
    out.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(text.as_bytes());
}

impl<'de> Visitor<'de> for Writer<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.tagged(if value { b't' } else { b'f' }, &[]);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.tagged(b'n', &[]);
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.tagged(b'u', &value.to_le_bytes());
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.tagged(b'i', &value.to_le_bytes());
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.tagged(b'd', &value.to_bits().to_le_bytes());
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        write_text(self.0, value);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.0.push(b'[');
        while items.next_element_seed(Writer(self.0))?.is_some() {}
        self.0.push(b']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut written: Vec<(String, Vec<u8>)> = Vec::new();
        while let Some(name) = members.next_key::<String>()? {
            let mut value = Vec::new();
            members.next_value_seed(Writer(&mut value))?;
            written.push((name, value));
        }
        written.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        if written.windows(2).any(|pair| matches!(pair, [(one, _), (other, _)] if one == other)) {
            return Err(A::Error::custom("a member is named twice"));
        }
        self.0.push(b'{');
        for (name, value) in written {
            write_text(self.0, &name);
            self.0.extend_from_slice(&value);
        }
        self.0.push(b'}');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;

    /// A value, with every object's members in another order and spaces where they may be.
    fn shuffled(value: &Value, seed: usize) -> String {
        match value {
            Value::Object(members) => {
                let mut members: Vec<String> = members
                    .iter()
                    .map(|(name, value)| format!(" {} : {}", Value::from(name.as_str()), shuffled(value, seed)))
                    .collect();
                let by = seed % members.len().max(1);
                members.rotate_left(by);
                format!("{{{} }}", members.join(","))
            }
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| shuffled(item, seed)).collect();
                format!("[{}\n]", items.join(", "))
            }
            other => other.to_string(),
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let text = prop_oneof!["[a-c]{0,3}", "[a-b]{60,70}", any::<String>()];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            (-3_i64..3).prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-2.0_f64..2.0).prop_map(Value::from),
            text.clone().prop_map(Value::String),
        ];
        leaf.prop_recursive(4, 32, 5, move |inner| {
            let member = (text.clone(), inner.clone());
            prop_oneof![
                prop::collection::vec(inner, 0..5).prop_map(Value::Array),
                prop::collection::vec(member, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
            ]
        })
    }

    fn of(value: &Value) -> Vec<u8> {
        canonical(&value.to_string()).unwrap()
    }

    proptest! {
        #[test]
        fn order_and_spaces_do_not_matter(value in any_json(), seed in 0_usize..7) {
            prop_assert_eq!(canonical(&shuffled(&value, seed)).unwrap(), of(&value));
        }

        #[test]
        fn what_differs_is_told_apart(one in any_json(), other in any_json()) {
            prop_assert_eq!(one == other, of(&one) == of(&other), "{} {}", one, other);
        }
    }

    #[test]
    fn what_looks_alike_is_told_apart() {
        let values = [
            json!([]),
            json!([[]]),
            json!([[], []]),
            json!([["a"], "b"]),
            json!([["a", "b"]]),
            json!(["a", ["b"]]),
            json!({}),
            json!({"a": {}}),
            json!({"a": {"b": 1}}),
            json!({"a": {}, "b": 1}),
            json!("1"),
            json!(1),
            json!(1.0),
            json!(-1),
            json!(null),
            json!(false),
            json!("x".repeat(64)),
            json!("x".repeat(65)),
            json!("x".repeat(66)),
        ];
        for (at, one) in values.iter().enumerate() {
            for other in &values[..at] {
                assert_ne!(of(one), of(other), "{one} {other}");
            }
        }
    }

    #[test]
    fn escapes_are_what_they_stand_for() {
        assert_eq!(canonical(r#""\u0041\n""#).unwrap(), canonical("\"A\\u000a\"").unwrap());
    }

    #[test]
    fn what_means_nothing_certain_has_no_form() {
        for json in [r#"{"a":1,"a":2}"#, r#"[{"b":{"a":1,"c":2,"a":1}}]"#, "{", "1 2", ""] {
            assert!(canonical(json).is_err(), "{json}");
        }
    }

    #[test]
    fn it_is_not_longer_than_what_it_is_made_from() {
        let picture = json!({"messages": [{"role": "user", "content": "x".repeat(1_000_000)}]});
        assert!(of(&picture).len() < 200);
    }
}
