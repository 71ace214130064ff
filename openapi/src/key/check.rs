//! What fields of a key must be, beyond their types.

use serde::{Deserialize, Deserializer};

use crate::money::NanoUsd;
use crate::patch::Patch;

pub(super) fn not_negative<C>(value: &Option<NanoUsd>, _context: &C) -> garde::Result {
    match value {
        Some(money) if *money < NanoUsd::ZERO => Err(garde::Error::new("expected zero or more US dollars")),
        _ => Ok(()),
    }
}

/// Most models of one key.
const MODELS_MAX: usize = 1000;
/// Longest name, in characters, and longest id, in bytes: ids are parts of the ledger's index rows.
const NAME_MAX: usize = 255;

pub(super) fn null_as_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

pub(super) fn check_name(text: &str, length: usize) -> garde::Result {
    if length > NAME_MAX || text.trim().is_empty() {
        return Err(garde::Error::new(format!("expected 1 to {NAME_MAX} characters, not all of them spaces")));
    }
    if text.chars().any(is_unseen) {
        return Err(garde::Error::new("expected text without control characters"));
    }
    Ok(())
}

/// Control characters, and those that turn the direction of the text around them.
pub(super) fn is_unseen(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

pub(super) fn valid_name<C>(value: &Option<String>, _context: &C) -> garde::Result {
    value.as_deref().map_or(Ok(()), |text| check_name(text, text.chars().count()))
}

pub(super) fn valid_id<C>(value: &Option<String>, _context: &C) -> garde::Result {
    value.as_deref().map_or(Ok(()), |text| check_name(text, text.len()))
}

pub(super) fn valid_models<C>(value: &[String], context: &C) -> garde::Result {
    if value.len() > MODELS_MAX {
        return Err(garde::Error::new(format!("expected at most {MODELS_MAX} models")));
    }
    value.iter().try_for_each(|model| valid_id(&Some(model.clone()), context))
}

pub(super) fn patch_name<C>(value: &Patch<String>, context: &C) -> garde::Result {
    valid_name(&value.as_set().cloned(), context)
}

pub(super) fn patch_id<C>(value: &Patch<String>, context: &C) -> garde::Result {
    valid_id(&value.as_set().cloned(), context)
}

pub(super) fn patch_models<C>(value: &Patch<Vec<String>>, context: &C) -> garde::Result {
    value.as_set().map_or(Ok(()), |list| valid_models(list, context))
}

pub(super) fn patch_not_negative<C>(value: &Patch<NanoUsd>, context: &C) -> garde::Result {
    not_negative(&value.as_set().copied(), context)
}

pub(super) fn patch_count<C>(value: &Patch<i64>, _context: &C) -> garde::Result {
    match value.as_set() {
        Some(count) if *count < 0 => Err(garde::Error::new("expected zero or more")),
        _ => Ok(()),
    }
}
