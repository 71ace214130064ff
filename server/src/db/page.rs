//! Pages of a list: by number, or after the page before. A number is found by counting what comes before it; a cursor
//! says where the page before ended, so that any page costs as much as the first.

use chrono::DateTime;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Order, Query};
use sea_orm::{ExprTrait, QueryOrder, QuerySelect, QueryTrait};
use serde::{Deserialize, Serialize};

/// Which page, of which size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageOf {
    page: u64,
    pub(super) size: u64,
    order: String,
    pub(super) after: Option<Cursor>,
    count_max: Option<u64>,
}

/// One page.
#[derive(Clone, Debug)]
pub struct Page<M> {
    /// Its rows, in order.
    pub rows: Vec<M>,
    /// Rows that match, on all pages.
    pub total: u64,
    /// This page, from 1.
    pub page: u64,
    /// Where it ends, if there are rows after it.
    pub next: Option<Cursor>,
}

/// Where a page ends. Clients carry it from one answer to the next question and do not look inside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// How the list is sorted: among others, the place means nothing.
    order: String,
    /// The page that ends here.
    pub(super) page: u64,
    /// Rows there were on all pages: they are counted once.
    pub(super) total: u64,
    /// What the last row is sorted by.
    pub(super) last: Vec<Place>,
}

/// A value that rows are sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Place {
    Number(i64),
    Text(String),
    Nothing,
}

impl Cursor {
    /// The cursor that was shown as `text` of a list in this `order`. `None`: it is none, or one of another order.
    fn parse(text: &str, order: &str) -> Option<Self> {
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let json: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
        serde_json::from_slice::<Self>(&json?).ok().filter(|cursor| cursor.order == order)
    }
}

/// As clients carry it.
impl std::fmt::Display for Cursor {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let json = serde_json::to_vec(self).map_err(|_| std::fmt::Error)?;
        json.iter().try_for_each(|byte| write!(to, "{byte:02x}"))
    }
}

impl Place {
    /// Where a row is that has `value` in a column.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::String(Some(text)) => Self::Text(text.to_string()),
            Value::BigInt(Some(number)) => Self::Number(*number),
            Value::ChronoDateTimeUtc(Some(time)) => Self::Number(time.timestamp_micros()),
            _ => Self::Nothing,
        }
    }

    /// What such rows have in `column`; a made-up cursor may ask for what no row has.
    pub(super) fn value_in(&self, column: &impl ColumnTrait) -> Value {
        match (column.def().get_column_type(), self) {
            (ColumnType::TimestampWithTimeZone, Self::Number(micros)) => {
                DateTime::from_timestamp_micros(*micros).unwrap_or_default().into()
            }
            (ColumnType::TimestampWithTimeZone, _) => DateTime::UNIX_EPOCH.into(),
            (ColumnType::BigInteger, Self::Number(number)) => (*number).into(),
            (ColumnType::BigInteger, _) => 0_i64.into(),
            (_, Self::Text(text)) => text.as_str().into(),
            (_, _) => "".into(),
        }
    }
}

impl PageOf {
    /// The page with this number, from 1, of `size` rows of a list in an `order` of this name; with a `cursor`, the page
    /// after the one it was shown with. `None`: it was not shown with a page of a list in this order.
    pub fn new(order: impl Into<String>, page: u64, size: u64, cursor: Option<&str>) -> Option<Self> {
        let order = order.into();
        let after = match cursor {
            Some(text) => Some(Cursor::parse(text, &order)?),
            None => None,
        };
        Some(Self { page, size, order, after, count_max: None })
    }

    /// The same page of a list whose rows are counted up to so many only: of millions nobody needs to know how many.
    #[must_use]
    pub const fn counted_to(mut self, max: u64) -> Self {
        self.count_max = Some(max);
        self
    }

    /// Rows on the pages before this one.
    pub(super) const fn offset(&self) -> u64 {
        self.page.saturating_sub(1).saturating_mul(self.size)
    }

    /// Rows to look for: one more than fit, if there are more.
    pub(super) const fn limit(&self) -> u64 {
        self.size.saturating_add(1)
    }

    /// Rows on all pages, where `found` of [`Self::limit`] on this one tell it, or a cursor does: counting them may cost
    /// more than the page.
    pub(super) fn known_total(&self, found: usize) -> Option<u64> {
        let found = u64::try_from(found).unwrap_or(u64::MAX);
        match &self.after {
            Some(cursor) => Some(cursor.total),
            None if found > self.size || (found == 0 && self.page > 1) => None,
            None => Some(self.offset().saturating_add(found)),
        }
    }

    /// This page, from 1.
    pub(super) fn number(&self) -> u64 {
        self.after.as_ref().map_or(self.page, |cursor| cursor.page.saturating_add(1))
    }

    /// The page of those that `matching` finds, sorted by `columns`, which no row has empty and no two rows alike.
    ///
    /// # Errors
    /// When the database is away.
    pub(super) async fn read<E>(
        &self,
        db: &impl ConnectionTrait,
        matching: Select<E>,
        columns: &[E::Column],
        order: Order,
    ) -> Result<Page<E::Model>, DbErr>
    where
        E: EntityTrait<Model: Send + Sync>,
    {
        let select = match &self.after {
            Some(cursor) => matching.clone().filter(beyond(columns, &cursor.last, &order)),
            None => matching.clone().offset(self.offset()),
        };
        let sorted = columns.iter().fold(select, |select, column| select.order_by(*column, order.clone()));
        let mut rows = sorted.limit(self.limit()).all(db).await?;
        let total = match self.known_total(rows.len()) {
            Some(total) => total,
            None => self.count(db, matching, rows.len()).await?,
        };
        let place = |row: &E::Model| columns.iter().map(|column| Place::of(&row.get(*column))).collect();
        let has_more = self.cut(&mut rows);
        Ok(self.page(rows, total, has_more, place))
    }

    /// How many there are, of which `found` are on this page.
    async fn count<E>(&self, db: &impl ConnectionTrait, matching: Select<E>, found: usize) -> Result<u64, DbErr>
    where
        E: EntityTrait<Model: Send + Sync>,
    {
        let Some(max) = self.count_max else { return matching.count(db).await };
        let rows = matching.select_only().expr(Expr::val(1)).limit(max).into_query();
        let counted = Query::select().expr(Expr::cust("COUNT(*)")).from_subquery(rows, "counted").to_owned();
        let row = db.query_one(&counted).await?;
        let count: i64 = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
        let found = u64::try_from(found).unwrap_or(u64::MAX);
        let seen = if found > 0 { self.offset().saturating_add(found) } else { 0 };
        Ok(Ord::max(count.unsigned_abs(), seen))
    }

    /// Leaves the rows of this page, of those found up to [`Self::limit`]; whether there are others after them.
    pub(super) fn cut<R>(&self, rows: &mut Vec<R>) -> bool {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let has_more = rows.len() > size;
        rows.truncate(size);
        has_more
    }

    /// The page with `rows`, after which there are others where `has_more`.
    pub(super) fn page<M>(
        &self,
        rows: Vec<M>,
        total: u64,
        has_more: bool,
        place: impl FnOnce(&M) -> Vec<Place>,
    ) -> Page<M> {
        let page = self.number();
        let cursor = |last| Cursor { order: self.order.clone(), page, total, last: place(last) };
        let next = rows.last().filter(|_| has_more).map(cursor);
        Page { rows, total, page, next }
    }
}

/// Rows that come after the one with `last` in `columns`.
pub(super) fn beyond<C: ColumnTrait>(columns: &[C], last: &[Place], order: &Order) -> Expr {
    let own = Expr::tuple(columns.iter().map(|column| column.into_expr()));
    let places = last.iter().chain(std::iter::repeat(&Place::Nothing));
    let theirs = Expr::tuple(columns.iter().zip(places).map(|(column, place)| Expr::val(place.value_in(column))));
    if *order == Order::Asc { own.gt(theirs) } else { own.lt(theirs) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn rows_are_counted_no_further_than_wanted() {
        use crate::db::{self, setting};
        let db = db::connect("sqlite::memory:", 1, std::time::Duration::from_secs(5)).await.unwrap();
        db::migrate(&db).await.unwrap();
        for n in 0..7 {
            let (path, updated_at) = (format!("router_settings.{n}"), chrono::DateTime::UNIX_EPOCH);
            let row = setting::Model { path, value: n.into(), version: 1, updated_at, updated_by: None };
            setting::insert(&db, row).await.unwrap();
        }
        let read = async |page: u64, cursor: Option<&str>| {
            let page = PageOf::new("settings", page, 2, cursor).unwrap().counted_to(3);
            page.read(&db, setting::Entity::find(), &[setting::Column::Path], Order::Asc).await.unwrap()
        };
        let totals = |page: &Page<setting::Model>| (page.rows.len(), page.total, page.next.is_some());
        let first = read(1, None).await;
        assert_eq!(totals(&first), (2, 3, true));
        assert_eq!(totals(&read(3, None).await), (2, 7, true), "what was skipped is there as well");
        assert_eq!(totals(&read(4, None).await), (1, 7, false));
        assert_eq!(totals(&read(9, None).await), (0, 3, false));
        let second = read(1, Some(&first.next.unwrap().to_string())).await;
        assert_eq!((second.page, second.rows[0].path.as_str()), (2, "router_settings.2"));
    }

    #[test]
    fn a_cursor_is_read_as_it_was_shown_and_in_its_order_only() {
        let last = vec![Place::Number(-1), Place::Text("ü\"".to_owned()), Place::Nothing];
        let cursor = Cursor { order: "keys".to_owned(), page: 3, total: 1_000_000, last };
        let shown = cursor.to_string();
        assert!(shown.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(Cursor::parse(&shown, "keys"), Some(cursor));
        for (text, order) in [(&*shown, "users"), ("", "keys"), ("7b7", "keys"), ("é", "keys"), ("+1", "keys")] {
            assert_eq!(Cursor::parse(text, order), None, "{text}");
        }
    }
}
