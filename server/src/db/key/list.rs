//! Listing keys: filters, search, order, pages.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{IntoCondition, Order, Query, SelectStatement, UnionType};
use sea_orm::{Condition, ExprTrait, JoinType, QueryOrder, QuerySelect, QueryTrait};
use tollgate_openapi::key::{KeyListQuery, KeySort, KeyStatus, SortOrder};

use super::{Column, Entity, Model, find_many};
use crate::crypto::KeyDigest;
use crate::db::page::{Place, beyond};
use crate::db::search::contains_any;
use crate::db::{Page, PageOf, Scope, Sight, key_count, spend_total, team};

/// A page of the keys of `scope` that match `query`, as of `now`.
///
/// # Errors
/// When the database is away.
pub async fn list(
    db: &impl ConnectionTrait,
    scope: &Scope,
    query: &KeyListQuery,
    page: &PageOf,
    now: DateTime<Utc>,
) -> Result<Page<Model>, DbErr> {
    let seen = match scope {
        Scope::Person(sight) if !is_read_in_order(query) => {
            Condition::all().add(Column::Token.in_subquery(seen_tokens(sight)))
        }
        _ => within(scope),
    };
    let matching = filters(seen, query);
    let is_unfiltered = filters(Condition::all(), query).is_empty() && query.status.is_none();
    let is_all = is_unfiltered && *scope == Scope::All;
    let find = Entity::find().filter(matching.clone());
    let find = find.apply_if(query.status, |find, status| find.filter(in_state(status, now)));
    let sorting = Sorting::of(query);
    let start = match &page.after {
        Some(cursor) => Start::After(&cursor.last),
        None => Start::Offset(page.offset()),
    };
    let (find, start) = sorting.nearer(db, find, start, is_all).await?;
    let mut tokens = sorting.tokens(db, &find, start, page.limit()).await?;
    let total = match page.known_total(tokens.len()) {
        Some(total) => total,
        None => match scope {
            Scope::Person(sight) if is_unfiltered => count_seen_by(db, sight).await?,
            _ => count(db, matching, query.status, now).await?,
        },
    };
    let has_more = page.cut(&mut tokens);
    let mut keys: HashMap<_, _> =
        find_many(db, &tokens).await?.into_iter().map(|key| (key.token.clone(), key)).collect();
    let keys: Vec<Model> = tokens.iter().filter_map(|token| keys.remove(token)).collect();
    let spend = match sorting.by {
        By::Spend => spend_total::of_many(db, "key", &tokens).await?,
        By::Column(_) => HashMap::new(),
    };
    let value = |key: &Model| match sorting.by {
        By::Column(column) => Place::of(&key.get(column)),
        By::Spend => spend.get(&key.token).map_or(Place::Nothing, |total| Place::Number(total.spend)),
    };
    Ok(page.page(keys, total, has_more, |last| vec![value(last), Place::Text(last.token.clone())]))
}

/// A page of the keys of `scope` that have an alias, in the order of their aliases; only those with `search` in it, only
/// those of this team.
///
/// # Errors
/// When the database is away.
pub async fn aliases(
    db: &impl ConnectionTrait,
    scope: &Scope,
    search: Option<&str>,
    team_id: Option<&str>,
    page: &PageOf,
) -> Result<Page<Model>, DbErr> {
    let matching = Condition::all()
        .add(within(scope))
        .add(Column::KeyAlias.is_not_null())
        .add_option(search.map(|text| contains_any(&[Column::KeyAlias], text)))
        .add_option(team_id.map(|id| Column::TeamId.eq(id)));
    // Aliases are unique.
    page.read(db, Entity::find().filter(matching), &[Column::KeyAlias], Order::Asc).await
}

/// Whether a page is found by reading keys in the order in which they were made or changed, passing over those that are
/// not seen: that is quick where many are meant. Where few are, such as those with some alias, whoever does not see all
/// keys is quicker served from those that they see.
fn is_read_in_order(query: &KeyListQuery) -> bool {
    query.search.is_none() && matches!(query.sort_by, KeySort::CreatedAt | KeySort::UpdatedAt)
}

/// The keys that a person sees. Each reason to see one is an index's to answer; all of them as one condition are none's.
fn seen_tokens(sight: &Sight) -> SelectStatement {
    let Sight { user_id, teams, organizations } = sight;
    let tokens = |which: Expr| Entity::find().select_only().column(Column::Token).filter(which).into_query();
    let mut seen = tokens(Column::UserId.eq(user_id));
    for (is_any, which) in [
        (!teams.is_empty(), Column::TeamId.is_in(teams)),
        (!organizations.is_empty(), Column::OrganizationId.is_in(organizations)),
        (!organizations.is_empty(), Column::TeamId.in_subquery(teams_of(organizations))),
    ] {
        if is_any {
            seen.union(UnionType::Distinct, tokens(which));
        }
    }
    seen
}

/// How many keys a person sees.
async fn count_seen_by(db: &impl ConnectionTrait, sight: &Sight) -> Result<u64, DbErr> {
    let counted = Query::select().expr(Expr::cust("COUNT(*)")).from_subquery(seen_tokens(sight), "seen").to_owned();
    let row = db.query_one(&counted).await?;
    let count: i64 = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
    Ok(count.unsigned_abs())
}

/// How many keys `matching` finds in this state. All keys are counted already, and few of all are not active: those are
/// counted in place of the others.
async fn count(
    db: &impl ConnectionTrait,
    matching: Condition,
    status: Option<KeyStatus>,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let is_everyones = matching.is_empty();
    let in_state = |status| Entity::find().filter(in_state(status, now));
    match status {
        None if is_everyones => key_count::total(db).await,
        Some(KeyStatus::Active) if is_everyones => {
            let blocked = in_state(KeyStatus::Blocked).count(db).await?;
            let expired = in_state(KeyStatus::Expired).filter(Column::Blocked.eq(false)).count(db).await?;
            Ok(key_count::total(db).await?.saturating_sub(blocked + expired))
        }
        None => Entity::find().filter(matching).count(db).await,
        Some(status) => in_state(status).filter(matching).count(db).await,
    }
}

/// Names the order that `query` asks for: what its pages are to be given.
#[must_use]
pub fn order(query: &KeyListQuery) -> String {
    format!("keys by {:?} {:?}", query.sort_by, query.sort_order)
}

/// Of keys, those that `scope` sees.
pub(super) fn within(scope: &Scope) -> Condition {
    match scope {
        Scope::All => Condition::all(),
        // In a condition of its own: what is added to it narrows it.
        Scope::Person(sight) => Condition::all().add(seen_by(sight)),
        Scope::Key(token) => Column::Token.eq(token).into_condition(),
    }
}

/// A key is of its own organization, or of its team's.
fn seen_by(sight: &Sight) -> Condition {
    let Sight { user_id, teams, organizations } = sight;
    let mut any = Condition::any().add(Column::UserId.eq(user_id));
    if !teams.is_empty() {
        any = any.add(Column::TeamId.is_in(teams));
    }
    if !organizations.is_empty() {
        let in_theirs = Column::TeamId.in_subquery(teams_of(organizations));
        any = any.add(Column::OrganizationId.is_in(organizations)).add(in_theirs);
    }
    any
}

fn teams_of(organizations: &[String]) -> SelectStatement {
    let theirs = team::Column::OrganizationId.is_in(organizations);
    team::Entity::find().select_only().column(team::Column::TeamId).filter(theirs).into_query()
}

fn filters(all: Condition, query: &KeyListQuery) -> Condition {
    let exact = [
        (Column::UserId, &query.user_id),
        (Column::TeamId, &query.team_id),
        (Column::OrganizationId, &query.organization_id),
        (Column::Token, &query.key_hash),
        (Column::KeyAlias, &query.key_alias),
    ];
    let exact = exact.into_iter().filter_map(|(column, value)| value.as_ref().map(|value| column.eq(value)));
    exact.fold(all, Condition::add).add_option(query.search.as_deref().map(search))
}

/// Part of an alias, a key name, an owner or a team, in any case; a whole key or hash finds that key.
fn search(text: &str) -> Condition {
    let columns = [Column::KeyAlias, Column::KeyName, Column::UserId, Column::TeamId];
    let whole = Column::Token.eq(KeyDigest::from_key_or_hex(text).to_hex());
    Condition::any().add(whole).add(contains_any(&columns, text))
}

fn in_state(status: KeyStatus, now: DateTime<Utc>) -> Condition {
    match status {
        KeyStatus::Blocked => Column::Blocked.eq(true).into_condition(),
        KeyStatus::Expired => Column::ExpiresAt.lte(now).into_condition(),
        KeyStatus::Active => {
            let is_valid = Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(now));
            Condition::all().add(Column::Blocked.eq(false)).add(is_valid)
        }
    }
}

/// From this offset on, keys with a value are counted before they are skipped: they may all come before the page.
const COUNTED_OFFSET_MIN: u64 = 10_000;

/// Where a page begins.
#[derive(Clone, Copy)]
enum Start<'a> {
    /// After so many keys.
    Offset(u64),
    /// After the key with this value and hash.
    After(&'a [Place]),
}

/// What keys are sorted by.
#[derive(Clone, Copy)]
enum By {
    Column(Column),
    /// The running total; keys that made no call have none.
    Spend,
}

/// How keys are sorted: those with a value by it, then those without; equal ones by their hashes. Each of the two is
/// read from an index of its own, from wherever a page begins.
struct Sorting {
    by: By,
    order: Order,
    /// Whether keys have a value, part by part.
    parts: &'static [Option<bool>],
}

impl Sorting {
    fn of(query: &KeyListQuery) -> Self {
        let order = match query.sort_order {
            SortOrder::Asc => Order::Asc,
            SortOrder::Desc => Order::Desc,
        };
        let (by, parts): (_, &[_]) = match query.sort_by {
            KeySort::CreatedAt => (By::Column(Column::CreatedAt), &[None]),
            KeySort::UpdatedAt => (By::Column(Column::UpdatedAt), &[None]),
            KeySort::KeyAlias => (By::Column(Column::KeyAlias), &[Some(true), Some(false)]),
            KeySort::MaxBudget => (By::Column(Column::MaxBudget), &[Some(true), Some(false)]),
            KeySort::Expires => (By::Column(Column::ExpiresAt), &[Some(true), Some(false)]),
            // Nothing is less than any spend.
            KeySort::Spend if order == Order::Asc => (By::Spend, &[Some(false), Some(true)]),
            KeySort::Spend => (By::Spend, &[Some(true), Some(false)]),
        };
        Self { by, order, parts }
    }

    /// Begins nearer to a page of all keys in the order in which they were made: how many there are in each hour is known.
    async fn nearer<'a>(
        &self,
        db: &impl ConnectionTrait,
        find: Select<Entity>,
        start: Start<'a>,
        is_all: bool,
    ) -> Result<(Select<Entity>, Start<'a>), DbErr> {
        let (Start::Offset(offset), By::Column(Column::CreatedAt), true) = (start, self.by, is_all) else {
            return Ok((find, start));
        };
        let Some(within) = key_count::locate(db, offset, &self.order).await? else { return Ok((find, start)) };
        let from = match self.order {
            Order::Asc => Column::CreatedAt.gte(within.edge),
            _ => Column::CreatedAt.lt(within.edge),
        };
        Ok((find.filter(from), Start::Offset(within.offset)))
    }

    /// The hashes of `limit` keys.
    async fn tokens(
        &self,
        db: &impl ConnectionTrait,
        find: &Select<Entity>,
        mut start: Start<'_>,
        limit: u64,
    ) -> Result<Vec<String>, DbErr> {
        let mut tokens: Vec<String> = Vec::new();
        for part in self.parts {
            let missing = limit.saturating_sub(u64::try_from(tokens.len()).unwrap_or(limit));
            let of_part = self.part(find.clone(), *part);
            if let (Start::Offset(offset @ COUNTED_OFFSET_MIN..), Some(_)) = (start, part) {
                let keys = of_part.clone().count(db).await?;
                if offset >= keys {
                    start = Start::Offset(offset - keys);
                    continue;
                }
            }
            let begun = match start {
                Start::Offset(offset) => of_part.clone().offset(offset),
                Start::After(last) => {
                    let has_value = !matches!(last.first(), None | Some(Place::Nothing));
                    match part {
                        Some(with_value) if *with_value != has_value => continue,
                        _ => of_part.clone().filter(self.beyond(last, *part)),
                    }
                }
            };
            let sorted = self.sorted(begun, *part).select_only().column(Column::Token).limit(missing);
            let found: Vec<String> = sorted.into_tuple().all(db).await?;
            start = match start {
                Start::Offset(offset) if found.is_empty() && offset > 0 => {
                    Start::Offset(offset.saturating_sub(of_part.count(db).await?))
                }
                _ => Start::Offset(0),
            };
            tokens.extend(found);
            if u64::try_from(tokens.len()).unwrap_or(limit) >= limit {
                break;
            }
        }
        Ok(tokens)
    }

    /// Those of the keys that have a value, or have none.
    fn part(&self, mut find: Select<Entity>, with_value: Option<bool>) -> Select<Entity> {
        let of_key = || {
            Condition::all()
                .add(Expr::col((spend_total::Entity, spend_total::Column::EntityKind)).eq("key"))
                .add(Expr::col((spend_total::Entity, spend_total::Column::EntityId)).equals((Entity, Column::Token)))
        };
        match (self.by, with_value) {
            (_, None) => find,
            (By::Column(column), Some(true)) => find.filter(column.is_not_null()),
            (By::Column(column), Some(false)) => find.filter(column.is_null()),
            (By::Spend, Some(true)) => {
                QueryTrait::query(&mut find).join(JoinType::InnerJoin, spend_total::Entity, of_key());
                find
            }
            (By::Spend, Some(false)) => {
                let totals =
                    Query::select().expr(Expr::val(1)).from(spend_total::Entity).cond_where(of_key()).to_owned();
                find.filter(Expr::exists(totals).not())
            }
        }
    }

    fn sorted(&self, find: Select<Entity>, with_value: Option<bool>) -> Select<Entity> {
        let find = match (self.by, with_value) {
            // Named where it is empty, too: only so does Postgres read these keys in the index's order.
            (By::Column(column), _) => find.order_by(column, self.order.clone()),
            (By::Spend, Some(false)) => find,
            (By::Spend, _) => find.order_by(spend(), self.order.clone()),
        };
        find.order_by(Column::Token, self.order.clone())
    }

    /// Those after the last key of the page before, which is in the same part.
    fn beyond(&self, last: &[Place], with_value: Option<bool>) -> Expr {
        let token = last.get(1).unwrap_or(&Place::Nothing);
        match (self.by, with_value) {
            (_, Some(false)) => beyond(&[Column::Token], std::slice::from_ref(token), &self.order),
            (By::Column(column), _) => beyond(&[column, Column::Token], last, &self.order),
            (By::Spend, _) => {
                let own = Expr::tuple([spend(), Column::Token.into_expr()]);
                let amount = last.first().unwrap_or(&Place::Nothing).value_in(&spend_total::Column::Spend);
                let last = Expr::tuple([Expr::val(amount), Expr::val(token.value_in(&Column::Token))]);
                if self.order == Order::Asc { own.gt(last) } else { own.lt(last) }
            }
        }
    }
}

fn spend() -> Expr {
    Expr::col((spend_total::Entity, spend_total::Column::Spend))
}
