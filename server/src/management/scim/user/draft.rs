//! A user as a directory writes them.

use serde_json::{Map, Value, json};

use crate::db::JsonMap;
use crate::db::scim_user::Model as Calling;
use crate::db::user::Model as User;
use crate::management::scim::error::{ScimError, ScimResult};
use crate::management::scim::patch::{Op, Operation, boolean};

/// Longest text of an attribute, in bytes.
const TEXT_BYTES_MAX: usize = 255;
/// Longest address, in bytes.
const EMAIL_BYTES_MAX: usize = 320;
/// What an address is for where nobody says.
const WORK: &str = "work";
/// Parts of a name that are kept, in SCIM's spelling.
const NAME_PARTS: [&str; 6] =
    ["formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix"];

/// An address, and what the directory says it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Email {
    address: String,
    kind: String,
    /// As it was said, if it was: only one address is kept.
    is_primary: Option<bool>,
}

impl Email {
    fn of_work(address: String) -> Self {
        Self { address, kind: WORK.to_owned(), is_primary: Some(true) }
    }
}

/// What is kept of a user; all else that directories send is left alone.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Draft {
    /// Name in the directory.
    pub(super) user_name: String,
    /// Id in the directory.
    pub(super) external_id: Option<String>,
    display_name: Option<String>,
    name: Map<String, Value>,
    email: Option<Email>,
    /// `None`: nobody says, and it stays as it is.
    is_active: Option<bool>,
}

impl Draft {
    /// Reads a whole resource.
    pub(super) fn of_resource(resource: &Map<String, Value>) -> ScimResult<Self> {
        let mut draft = Self {
            user_name: String::new(),
            external_id: None,
            display_name: None,
            name: Map::new(),
            email: None,
            is_active: None,
        };
        for (name, value) in resource {
            let operation = |attribute: String, value: &Value| Operation {
                op: Op::Replace,
                attribute,
                selected: None,
                value: value.clone(),
            };
            match (name.to_ascii_lowercase().as_str(), value) {
                // Absent and null are the same (RFC 7643, 2.5).
                (_, Value::Null) => {}
                ("name", Value::Object(parts)) => {
                    for (part, value) in parts.iter().filter(|(_, value)| !value.is_null()) {
                        draft.change(operation(format!("name.{}", part.to_ascii_lowercase()), value))?;
                    }
                }
                (lower, value) => draft.change(operation(lower.to_owned(), value))?,
            }
        }
        draft.checked()
    }

    /// What is known of a user.
    pub(super) fn of_user(user: &User, called: Option<&Calling>) -> Self {
        let kept = |name: &str| called.and_then(|called| called.attributes.0.get(name));
        let own_name = || user.user_email.clone().unwrap_or_else(|| user.user_id.clone());
        Self {
            user_name: kept("userName").and_then(Value::as_str).map_or_else(own_name, str::to_owned),
            external_id: called.and_then(|called| called.external_id.clone()),
            display_name: user.user_alias.clone().filter(|_| kept("displayName") != Some(&Value::Null)),
            name: kept("name").and_then(Value::as_object).cloned().unwrap_or_default(),
            email: user.user_email.clone().map(|address| kept_email(address, called)),
            is_active: Some(!user.blocked),
        }
    }

    /// Refuses a user without a name.
    pub(super) fn checked(self) -> ScimResult<Self> {
        if self.user_name.is_empty() {
            return Err(ScimError::invalid("invalidValue", "userName is required"));
        }
        Ok(self)
    }

    /// What a user becomes.
    pub(super) fn apply(&self, user: User) -> User {
        let parts = ["givenName", "familyName"].map(|part| self.name.get(part).and_then(Value::as_str).unwrap_or(""));
        let joined = parts.join(" ").trim().to_owned();
        let formatted = self.name.get("formatted").and_then(Value::as_str).map(str::to_owned);
        let alias = self.display_name.clone().or(formatted).or((!joined.is_empty()).then_some(joined));
        let as_address = || self.user_name.contains('@').then(|| self.user_name.clone());
        let own = self.email.as_ref().map(|email| email.address.clone());
        let email = own.or_else(as_address).map(|email| email.to_lowercase());
        let blocked = self.is_active.map_or(user.blocked, |is_active| !is_active);
        User { user_alias: alias, user_email: email, blocked, ..user }
    }

    /// What the user's own row has no place for.
    pub(super) fn attributes(&self) -> JsonMap {
        let mut kept = Map::new();
        kept.insert("userName".to_owned(), Value::from(self.user_name.clone()));
        kept.insert("name".to_owned(), Value::Object(self.name.clone()));
        // Whether the directory says it at all: a user may have a name without.
        kept.insert("displayName".to_owned(), self.display_name.clone().into());
        if let Some(Email { kind, is_primary, .. }) = &self.email {
            kept.insert("email".to_owned(), json!({"type": kind, "primary": is_primary}));
        }
        JsonMap(kept)
    }

    /// The resource, but for what is not the directory's to write.
    pub(super) fn resource(&self) -> Map<String, Value> {
        let mut resource = Map::new();
        let mut set = |name: &str, value: Value| drop(resource.insert(name.to_owned(), value));
        set("schemas", json!(["urn:ietf:params:scim:schemas:core:2.0:User"]));
        set("userName", Value::from(self.user_name.clone()));
        set("active", Value::from(self.is_active.unwrap_or(true)));
        if let Some(id) = &self.external_id {
            set("externalId", Value::from(id.clone()));
        }
        if let Some(name) = &self.display_name {
            set("displayName", Value::from(name.clone()));
        }
        if !self.name.is_empty() {
            set("name", Value::Object(self.name.clone()));
        }
        if let Some(email) = &self.email {
            let mut item = json!({"value": email.address, "type": email.kind});
            if let (Some(is_primary), Some(fields)) = (email.is_primary, item.as_object_mut()) {
                fields.insert("primary".to_owned(), Value::from(is_primary));
            }
            set("emails", json!([item]));
        }
        resource
    }

    /// Applies one change. Attributes that are not kept are left alone, as RFC 7644 lets a server do.
    pub(super) fn change(&mut self, operation: Operation) -> ScimResult<()> {
        let Operation { op, attribute, selected, value } = operation;
        let value = if op == Op::Remove { Value::Null } else { value };
        match attribute.as_str() {
            "username" => match text("userName", &value)? {
                Some(name) => self.user_name = name,
                None => return Err(ScimError::invalid("mutability", "userName cannot be removed")),
            },
            "externalid" => self.external_id = text("externalId", &value)?,
            "displayname" => self.display_name = text("displayName", &value)?,
            "active" if op == Op::Remove => return Err(ScimError::invalid("mutability", "active cannot be removed")),
            "active" => {
                let refuse = || ScimError::invalid("invalidValue", "active: expected true or false");
                self.is_active = Some(boolean(&value).ok_or_else(refuse)?);
            }
            "name" if value.is_null() => self.name.clear(),
            "name" => {
                let parts = value.as_object().cloned().unwrap_or_default();
                for (part, value) in parts {
                    self.change_name(&part.to_ascii_lowercase(), &value)?;
                }
            }
            "emails" => self.email = email(&value)?,
            // Of several addresses only the one at work is kept.
            "emails.value" if selected.as_deref().is_none_or(|kind| kind.eq_ignore_ascii_case(WORK)) => {
                self.email = address(&value)?.map(Email::of_work);
            }
            other => {
                if let Some(part) = other.strip_prefix("name.") {
                    self.change_name(part, &value)?;
                }
            }
        }
        Ok(())
    }

    fn change_name(&mut self, part: &str, value: &Value) -> ScimResult<()> {
        let Some(known) = NAME_PARTS.into_iter().find(|known| known.eq_ignore_ascii_case(part)) else { return Ok(()) };
        match text(known, value)? {
            Some(text) => drop(self.name.insert(known.to_owned(), Value::from(text))),
            None => drop(self.name.shift_remove(known)),
        }
        Ok(())
    }
}

/// A text; null and empty are none.
fn text(name: &str, value: &Value) -> ScimResult<Option<String>> {
    let refuse = |expected: &str| ScimError::invalid("invalidValue", format!("{name}: expected {expected}"));
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(text) if text.len() > TEXT_BYTES_MAX => Err(refuse("at most 255 bytes")),
        Value::String(text) if text.chars().any(char::is_control) => Err(refuse("text without control characters")),
        Value::String(text) => Ok(Some(text.trim().to_owned())),
        // Entra may send a single value in a list.
        Value::Array(items) if items.len() == 1 => {
            let item = items.first().map(|item| item.get("value").unwrap_or(item));
            item.map_or(Ok(None), |item| text_of(item).map_or_else(|| Err(refuse("text")), |text| Ok(Some(text))))
        }
        _ => Err(refuse("text")),
    }
}

fn text_of(value: &Value) -> Option<String> {
    value.as_str().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty() && text.len() <= TEXT_BYTES_MAX)
}

/// The address that is to be used of several: the primary one, else the one at work, else the first.
fn email(value: &Value) -> ScimResult<Option<Email>> {
    let single = std::slice::from_ref(value);
    let items = value.as_array().map_or(single, Vec::as_slice);
    let is_primary = |item: &&Value| item.get("primary").and_then(boolean).unwrap_or(false);
    let kind_of = |item: &Value| item.get("type").and_then(Value::as_str).map(str::to_owned);
    let is_work = |item: &&Value| kind_of(item).is_some_and(|kind| kind == WORK);
    let found = items.iter().find(is_primary).or_else(|| items.iter().find(is_work)).or_else(|| items.first());
    let Some(item) = found else { return Ok(None) };
    let kind = text("emails.type", item.get("type").unwrap_or(&Value::Null))?.unwrap_or_else(|| WORK.to_owned());
    let is_primary = item.get("primary").and_then(boolean);
    Ok(address(item.get("value").unwrap_or(item))?.map(|address| Email { address, kind, is_primary }))
}

/// The address of a user's row, with what the directory said of it.
fn kept_email(address: String, called: Option<&Calling>) -> Email {
    let Some(said) = called.and_then(|called| called.attributes.0.get("email")) else { return Email::of_work(address) };
    let kind = said.get("type").and_then(Value::as_str).unwrap_or(WORK).to_owned();
    Email { address, kind, is_primary: said.get("primary").and_then(Value::as_bool) }
}

fn address(value: &Value) -> ScimResult<Option<String>> {
    let text = match value {
        Value::Null => return Ok(None),
        Value::String(text) => text.trim().to_lowercase(),
        _ => String::new(),
    };
    let is_plain = !text.chars().any(|character| character.is_whitespace() || character.is_control());
    let halves = text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    if halves && is_plain && text.len() <= EMAIL_BYTES_MAX {
        return Ok(Some(text));
    }
    Err(ScimError::invalid("invalidValue", "emails: expected an e-mail address"))
}
