//! What fields must be, beyond their types.

use serde::{Deserialize, Deserializer};

use crate::money::NanoUsd;
use crate::patch::Patch;

pub(crate) fn not_negative<C>(value: &Option<NanoUsd>, _context: &C) -> garde::Result {
    match value {
        Some(money) if *money < NanoUsd::ZERO => Err(garde::Error::new("expected zero or more US dollars")),
        _ => Ok(()),
    }
}

/// Most models of one list.
const MODELS_MAX: usize = 1000;
/// Longest name, in characters, and longest id, in bytes: ids are parts of the ledger's index rows.
const NAME_MAX: usize = 255;

pub(crate) fn null_as_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

pub(crate) fn check_name(text: &str, length: usize) -> garde::Result {
    if length > NAME_MAX || text.trim().is_empty() {
        return Err(garde::Error::new(format!("expected 1 to {NAME_MAX} characters, not all of them spaces")));
    }
    if text.chars().any(is_unseen) {
        return Err(garde::Error::new("expected text without control characters"));
    }
    Ok(())
}

/// Control characters, and those that turn the direction of the text around them.
pub(crate) fn is_unseen(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

pub(crate) fn valid_name<C>(value: &Option<String>, _context: &C) -> garde::Result {
    value.as_deref().map_or(Ok(()), |text| check_name(text, text.chars().count()))
}

pub(crate) fn valid_id<C>(value: &Option<String>, _context: &C) -> garde::Result {
    value.as_deref().map_or(Ok(()), |text| check_name(text, text.len()))
}

/// An id that must be there.
pub(crate) fn check_id<C>(value: &str, _context: &C) -> garde::Result {
    check_name(value, value.len())
}

/// An e-mail address, as far as that can be said without sending one.
pub(crate) fn valid_email<C>(value: &Option<String>, context: &C) -> garde::Result {
    value.as_deref().map_or(Ok(()), |text| check_email(text, context))
}

/// An e-mail address that must be there.
pub(crate) fn check_email<C>(text: &str, _context: &C) -> garde::Result {
    /// Bytes of an address.
    const EMAIL_MAX: usize = 320;
    let is_address = text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    let is_plain = !text.chars().any(|character| character.is_whitespace() || is_unseen(character));
    if is_address && is_plain && text.len() <= EMAIL_MAX {
        return Ok(());
    }
    Err(garde::Error::new("expected an e-mail address"))
}

/// Whom something is sent to.
pub(crate) fn valid_addresses<C>(addresses: &[String], context: &C) -> garde::Result {
    /// Addresses of one list.
    const ADDRESSES_MAX: usize = 50;
    if addresses.len() > ADDRESSES_MAX {
        return Err(garde::Error::new(format!("expected at most {ADDRESSES_MAX} addresses")));
    }
    addresses.iter().try_for_each(|address| check_email(address, context))
}

pub(crate) fn patch_email<C>(value: &Patch<String>, context: &C) -> garde::Result {
    valid_email(&value.as_set().cloned(), context)
}

pub(crate) fn valid_ids<C>(value: &[String], context: &C) -> garde::Result {
    /// Ids of one list.
    const IDS_MAX: usize = 1000;
    if value.len() > IDS_MAX {
        return Err(garde::Error::new(format!("expected at most {IDS_MAX} ids")));
    }
    value.iter().try_for_each(|id| check_id(id, context))
}

pub(crate) fn valid_models<C>(value: &[String], context: &C) -> garde::Result {
    if value.len() > MODELS_MAX {
        return Err(garde::Error::new(format!("expected at most {MODELS_MAX} models")));
    }
    value.iter().try_for_each(|model| valid_id(&Some(model.clone()), context))
}

pub(crate) fn patch_name<C>(value: &Patch<String>, context: &C) -> garde::Result {
    valid_name(&value.as_set().cloned(), context)
}

pub(crate) fn patch_id<C>(value: &Patch<String>, context: &C) -> garde::Result {
    valid_id(&value.as_set().cloned(), context)
}

pub(crate) fn patch_models<C>(value: &Patch<Vec<String>>, context: &C) -> garde::Result {
    value.as_set().map_or(Ok(()), |list| valid_models(list, context))
}

pub(crate) fn patch_not_negative<C>(value: &Patch<NanoUsd>, context: &C) -> garde::Result {
    not_negative(&value.as_set().copied(), context)
}

pub(crate) fn patch_count<C>(value: &Patch<i64>, _context: &C) -> garde::Result {
    match value.as_set() {
        Some(count) if *count < 0 => Err(garde::Error::new("expected zero or more")),
        _ => Ok(()),
    }
}

/// Checks each of the members that join something at once.
pub(crate) fn validate_members<M: garde::Validate<Context = ()>>(
    members: &[M],
    parent: &mut dyn FnMut() -> garde::Path,
    report: &mut garde::Report,
) {
    const MEMBERS_MAX: usize = 1000;
    if members.is_empty() || members.len() > MEMBERS_MAX {
        report.append(parent(), garde::Error::new(format!("expected 1 to {MEMBERS_MAX} members")));
        return;
    }
    for (index, member) in members.iter().enumerate() {
        let mut place = || parent().join(index);
        member.validate_into(&(), &mut place, report);
    }
}
