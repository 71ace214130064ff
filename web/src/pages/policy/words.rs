//! What a judgement says, in plain words. Pure.

use chrono::{DateTime, Utc};
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::policy::{PolicyCheck, PolicyCheckKind, PolicyExplanation, PolicyVerdict};

use crate::format;

/// The ending of kinds that limit single models.
pub(crate) const MODEL_SUFFIX: &str = "_model";

/// The kind of an entity as people call it: `team_member` is a "Team member". Kinds nobody told us of keep their name.
pub(crate) fn kind_name(kind: &str) -> String {
    let (entity, of_model) = match kind.strip_suffix(MODEL_SUFFIX) {
        Some(entity) if !entity.is_empty() => (entity, ", this model"),
        _ => (kind, ""),
    };
    format!("{}{of_model}", format::capital(&entity.replace('_', " ")))
}

/// The entity's name without its id: people know `search`, not `search (5b1a-…)`. A limit of a single model has the
/// model's name behind both.
pub(crate) fn short_name(name: &str, id: &str) -> String {
    let ends = id.match_indices('/').map(|(end, _)| end).chain([id.len()]);
    let whole = ends.filter_map(|end| id.get(..end)).map(|id| format!(" ({id})")).find(|id| name.contains(id));
    whole.map_or_else(|| name.to_owned(), |id| name.replacen(&id, "", 1))
}

fn name_of(check: &PolicyCheck) -> Option<String> {
    Some(short_name(check.scope_name.as_deref()?, check.scope_id.as_deref().unwrap_or_default()))
}

/// Whose limit it is, within a sentence: `the team search`.
fn whose(check: &PolicyCheck) -> String {
    let kind = check.scope.as_deref().unwrap_or("key");
    let entity = kind.strip_suffix(MODEL_SUFFIX).unwrap_or(kind).replace('_', " ");
    match name_of(check) {
        Some(name) if name != entity => format!("the {entity} {name}"),
        _ => format!("the {entity}"),
    }
}

/// Whom a developer can ask where a check fails: those whom the server lets change it.
pub(crate) fn whom_to_ask(check: &PolicyCheck) -> String {
    const ADMIN: &str = "an administrator of the gateway";
    const OWNER: &str = "the key's owner or an administrator of the gateway";
    let kind = check.scope.as_deref().unwrap_or("key");
    let entity = kind.strip_suffix(MODEL_SUFFIX).unwrap_or(kind);
    let (who, wish) = match (check.check, entity) {
        (PolicyCheckKind::Deployment, _) => {
            return "Ask an administrator of the gateway: it is about its models, not about this key.".to_owned();
        }
        (PolicyCheckKind::Blocked, _) => (ADMIN, "to unblock it"),
        (PolicyCheckKind::Expired, _) => (OWNER, "for a new key, or to let this one live longer"),
        (PolicyCheckKind::ModelAccess, "key") => (OWNER, "to add the model to its list, or call a model that is on it"),
        (PolicyCheckKind::ModelAccess, "team") => {
            ("an admin of the team", "to add the model to its list, or call a model that is on it")
        }
        (PolicyCheckKind::ModelAccess, _) => (ADMIN, "to add the model to its list, or call a model that is on it"),
        (_, "key") => (OWNER, "to raise the limit"),
        (_, "team_member") => ("an admin of the team", "to raise the limit"),
        (_, "organization_member") => ("an admin of the organization", "to raise the limit"),
        (_, "team") => ("an admin of the team's organization or an administrator of the gateway", "to raise the limit"),
        _ => (ADMIN, "to raise the limit"),
    };
    format!("Ask {who} {wish}.")
}

/// Is it about a limit, and not about whether the key may call at all?
pub(crate) const fn is_limit(kind: PolicyCheckKind) -> bool {
    matches!(
        kind,
        PolicyCheckKind::MaxBudget
            | PolicyCheckKind::RpmLimit
            | PolicyCheckKind::TpmLimit
            | PolicyCheckKind::MaxParallelRequests
    )
}

/// What is checked, as the head of a row.
pub(crate) const fn check_name(kind: PolicyCheckKind) -> &'static str {
    match kind {
        PolicyCheckKind::Blocked => "Not blocked",
        PolicyCheckKind::Expired => "Not expired",
        PolicyCheckKind::ModelAccess => "Model allowed",
        PolicyCheckKind::Deployment => "Model served",
        PolicyCheckKind::MaxBudget => "Budget",
        PolicyCheckKind::RpmLimit => "Requests a minute",
        PolicyCheckKind::TpmLimit => "Tokens a minute",
        PolicyCheckKind::MaxParallelRequests => "Calls at once",
    }
}

/// The check that decides where a call does not simply pass: of those that fail, the one with the least left, and of
/// the kind that the refusal is about.
pub(crate) fn deciding(answer: &PolicyExplanation) -> Option<&PolicyCheck> {
    let is_money = answer.refusal.as_ref().is_none_or(|refusal| refusal.kind == "budget_exceeded");
    let is_rate = |kind| {
        matches!(kind, PolicyCheckKind::RpmLimit | PolicyCheckKind::TpmLimit | PolicyCheckKind::MaxParallelRequests)
    };
    let failed = || answer.checks.iter().filter(|check| !check.passed);
    let of_kind = failed().filter(|check| match check.check {
        PolicyCheckKind::MaxBudget => is_money,
        kind => !is_money || !is_rate(kind),
    });
    of_kind.min_by(|a, b| left(a).total_cmp(&left(b))).or_else(|| failed().next())
}

/// What is left of a check's limit; nothing where it has none.
pub(crate) fn left(check: &PolicyCheck) -> f64 {
    let used = check.used.unwrap_or(0.0) + check.reserved.unwrap_or(0.0);
    (check.limit.unwrap_or(0.0) - used).max(0.0)
}

/// A figure of a check: dollars or a count.
pub(crate) fn figure(kind: PolicyCheckKind, value: f64) -> String {
    match (kind, NanoUsd::from_usd(value)) {
        (PolicyCheckKind::MaxBudget, Ok(amount)) => format::money_round(amount),
        _ => format::whole(value),
    }
}

/// The verdict in one sentence.
pub(crate) fn verdict(answer: &PolicyExplanation, now: DateTime<Utc>) -> String {
    match answer.verdict {
        PolicyVerdict::Allowed => "Yes, the call would be made.".to_owned(),
        PolicyVerdict::Limited => {
            let limit = answer.estimate.and_then(|estimate| estimate.output_limit);
            let limit =
                limit.map(|limit| format!(" of at most {} tokens", format::whole_u64(limit))).unwrap_or_default();
            let why = deciding(answer)
                .map_or_else(String::new, |check| format!(": the budget of {} affords no more", whose(check)));
            format!("Yes, with a shorter answer{limit}{why}.")
        }
        PolicyVerdict::Waits => {
            let whose = deciding(answer)
                .map_or_else(|| "a budget".to_owned(), |check| format!("the budget of {}", whose(check)));
            format!("It would wait a moment: calls in flight have reserved what is left of {whose}.")
        }
        PolicyVerdict::Refused => match deciding(answer) {
            Some(check) => format!("No, {}.", refusal(check, answer, now)),
            None => format!("No. {}", format::sentence(&answer.summary)),
        },
    }
}

/// Why no call gets as far as the limits, and whom to ask, where none does.
pub(crate) fn stopped_before_limits(answer: &PolicyExplanation, now: DateTime<Utc>) -> Option<String> {
    let has_limits = answer.checks.iter().any(|check| is_limit(check.check));
    if answer.verdict != PolicyVerdict::Refused || has_limits || answer.estimate.is_some() {
        return None;
    }
    let check = deciding(answer)?;
    Some(format!("No call gets as far as these limits: {}. {}", refusal(check, answer, now), whom_to_ask(check)))
}

/// Why a check refuses, within a sentence.
fn refusal(check: &PolicyCheck, answer: &PolicyExplanation, now: DateTime<Utc>) -> String {
    let whose = whose(check);
    let (Some(limit), Some(used)) = (check.limit, check.used) else {
        return match check.check {
            PolicyCheckKind::Blocked => format!("{whose} is blocked"),
            PolicyCheckKind::Expired => "the key has expired".to_owned(),
            PolicyCheckKind::ModelAccess => format!("{whose} may not use this model"),
            PolicyCheckKind::Deployment => "nobody can serve this model now".to_owned(),
            _ => format!("a limit of {whose} is reached"),
        };
    };
    let shown = |value| figure(check.check, value);
    match check.check {
        PolicyCheckKind::MaxBudget => budget_refusal(check, answer, &whose, now),
        PolicyCheckKind::RpmLimit => {
            let (limit, used) = (shown(limit), shown(used));
            format!("the limit of {whose} is {limit} requests a minute, and {used} were made in the last one")
        }
        PolicyCheckKind::TpmLimit => format!(
            "the limit of {whose} is {} tokens a minute, and this call needs more than the {} that are left",
            shown(limit),
            shown(left(check))
        ),
        _ => format!("the limit of {whose} is {} calls at once, and {} are in flight", shown(limit), shown(used)),
    }
}

fn budget_refusal(check: &PolicyCheck, answer: &PolicyExplanation, whose: &str, now: DateTime<Utc>) -> String {
    let (limit, used) = (check.limit.unwrap_or_default(), check.used.unwrap_or_default());
    let shown = |value| figure(PolicyCheckKind::MaxBudget, value);
    let resets = check.resets_at.map(|at| format!(". It resets {}", format::until(at, now))).unwrap_or_default();
    if used >= limit {
        return format!("the budget of {whose} is used up: {} of {} is spent{resets}", shown(used), shown(limit));
    }
    let cost = answer.estimate.map(|estimate| format!(" of the {} it may cost", format::money(estimate.cost)));
    format!(
        "the budget of {whose} has {} of {} left, which affords no useful part{}{resets}",
        shown(left(check)),
        shown(limit),
        cost.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests;
