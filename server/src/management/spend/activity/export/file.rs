//! The file, made page by page: memory does not grow with it.

use std::collections::VecDeque;

use actix_web::web::{Bytes, Data};
use chrono::NaiveDate;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::spend::{ActivityExportFormat, ActivityExportQuery, ActivityExportType};

use crate::app::App;
use crate::auth::Principal;
use crate::db::activity::Of;
use crate::db::activity::day::{self, By, Row};
use crate::db::daily_entity_spend::Days;
use crate::db::{self, Scope};
use crate::error::ApiResult;
use crate::management::spend::activity::{Whose, view};
use crate::management::spend::export::cell::Cell;
use crate::management::spend::export::{csv, jsonl};
use crate::management::spend::names::{self, Names};
use crate::policy::{MASTER_ALIAS, MASTER_TOKEN};

/// Rows of a page: as much as is in memory at once. A day is added up anew for each of its pages, so there are to be few,
/// and no more names are looked up at once than either database takes values.
const PAGE_ROWS: u64 = 5000;

/// LiteLLM's.
const COLUMNS: [&str; 17] = [
    "date",
    "entity_id",
    "entity_alias",
    "api_key",
    "key_alias",
    "user_id",
    "user_email",
    "model",
    "spend",
    "flat_cost",
    "prompt_tokens",
    "completion_tokens",
    "api_requests",
    "successful_requests",
    "failed_requests",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
];

/// A file, made as far as it was asked for.
pub(super) struct File {
    app: Data<App>,
    principal: Principal,
    scope: Scope,
    whose: Whose,
    days: Days,
    model: Option<String>,
    api_key: Option<String>,
    shape: ActivityExportQuery,
    /// The days that are left; `None`: it was not looked yet which have calls.
    left: Option<VecDeque<NaiveDate>>,
    /// The last row of the first of these days that is in the file.
    last: Option<Row>,
    has_rows: bool,
    is_over: bool,
}

/// What people call those of some rows.
struct Named {
    entities: Names,
    keys: Names,
    users: Names,
}

impl File {
    pub(super) fn new(
        app: Data<App>,
        principal: Principal,
        (whose, days): (Whose, Days),
        (model, api_key): (Option<String>, Option<String>),
        shape: ActivityExportQuery,
    ) -> Self {
        let (scope, left, last) = (principal.scope(), None, None);
        Self { app, principal, scope, whose, days, model, api_key, shape, left, last, has_rows: false, is_over: false }
    }

    /// What comes next; `None`: the file is whole.
    pub(super) async fn next(&mut self) -> ApiResult<Option<Bytes>> {
        if self.is_over {
            return Ok(None);
        }
        let mut text = String::new();
        let mut left = match self.left.take() {
            Some(left) => left,
            None => {
                self.begin(&mut text);
                day::days(&self.app.db, &self.of()).await?.into()
            }
        };
        let mut room = PAGE_ROWS;
        while let Some(date) = left.front().copied().filter(|_| room > 0) {
            let by = by(self.shape.export_type);
            let mut rows = day::after(&self.app.db, &self.of(), by, date, self.last.as_ref(), room).await?;
            self.push(&mut text, date, &rows).await?;
            let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
            self.last = rows.pop();
            if count < room {
                // The day is over.
                left.pop_front();
                self.last = None;
            }
            room = room.saturating_sub(count);
        }
        if left.is_empty() {
            self.is_over = true;
            self.end(&mut text);
        }
        self.left = Some(left);
        Ok(Some(text.into()))
    }

    fn of(&self) -> Of<'_> {
        let Whose { about, only, without } = &self.whose;
        Of {
            about: *about,
            scope: &self.scope,
            days: self.days,
            only: only.clone(),
            without: without.clone(),
            model: self.model.as_deref(),
            api_key: self.api_key.as_deref(),
        }
    }

    fn begin(&self, text: &mut String) {
        match self.shape.format {
            ActivityExportFormat::Csv => csv::push_header(text, &COLUMNS),
            ActivityExportFormat::Json => text.push('['),
        }
    }

    fn end(&self, text: &mut String) {
        match self.shape.format {
            ActivityExportFormat::Csv => {}
            ActivityExportFormat::Json => text.push_str("]\n"),
        }
    }

    async fn push(&mut self, text: &mut String, date: NaiveDate, rows: &[Row]) -> ApiResult<()> {
        let named = self.named(rows).await?;
        for row in rows {
            let cells = cells(self.shape.export_type, date, row, &named);
            let is_first = !std::mem::replace(&mut self.has_rows, true);
            match self.shape.format {
                ActivityExportFormat::Csv => csv::push_line(text, &cells),
                ActivityExportFormat::Json => {
                    text.push_str(if is_first { "" } else { "," });
                    jsonl::push_line(text, &COLUMNS, &cells);
                }
            }
        }
        Ok(())
    }

    async fn named(&self, rows: &[Row]) -> ApiResult<Named> {
        let (app, about) = (&self.app, self.whose.about);
        let (with_keys, with_users) = match self.shape.export_type {
            ActivityExportType::Daily | ActivityExportType::DailyWithModels => (false, false),
            ActivityExportType::DailyWithKeys => (true, true),
            ActivityExportType::DailyWithUsers => (false, true),
        };
        let entities = view::ids(rows.iter().map(|row| &row.entity));
        let keys = view::ids(rows.iter().filter(|_| with_keys).map(|row| &row.part));
        let users = view::ids(rows.iter().filter(|_| with_users).map(|row| &row.owner));
        let keys = db::key::find_many(&app.db, &keys).await?.into_iter();
        let master = (MASTER_TOKEN.to_owned(), MASTER_ALIAS.to_owned());
        Ok(Named {
            entities: view::entity_names(app, &self.principal, about, &entities).await?,
            keys: keys.filter_map(|key| Some((key.token, key.key_alias?))).chain([master]).collect(),
            users: names::users(app, &users).await?,
        })
    }
}

const fn by(export_type: ActivityExportType) -> By {
    match export_type {
        ActivityExportType::Daily => By::Nothing,
        ActivityExportType::DailyWithKeys => By::Keys,
        ActivityExportType::DailyWithModels => By::Models,
        ActivityExportType::DailyWithUsers => By::Users,
    }
}

fn cells<'a>(
    export_type: ActivityExportType,
    date: NaiveDate,
    row: &'a Row,
    named: &'a Named,
) -> [Cell<'a>; COLUMNS.len()] {
    let called = |names: &'a Names, id: &str| Cell::maybe(names.get(id).map(String::as_str));
    let (key, owner, model) = match export_type {
        ActivityExportType::Daily => ("", "", ""),
        ActivityExportType::DailyWithKeys => (row.part.as_str(), row.owner.as_str(), ""),
        ActivityExportType::DailyWithModels => ("", "", row.part.as_str()),
        ActivityExportType::DailyWithUsers => ("", row.part.as_str(), ""),
    };
    [
        Cell::Day(date),
        Cell::text(&row.entity),
        called(&named.entities, &row.entity),
        Cell::text(key),
        called(&named.keys, key),
        Cell::text(owner),
        called(&named.users, owner),
        Cell::text(model),
        Cell::Money(NanoUsd(row.sums.spend)),
        // What LiteLLM divides a flat price of reserved capacity into: there is none here.
        Cell::Count(0),
        Cell::Count(row.sums.prompt_tokens),
        Cell::Count(row.sums.completion_tokens),
        Cell::Count(row.sums.api_requests),
        Cell::Count(row.sums.api_requests.saturating_sub(row.sums.failed_requests)),
        Cell::Count(row.sums.failed_requests),
        Cell::Count(row.sums.cache_read_tokens),
        Cell::Count(row.sums.cache_creation_tokens),
    ]
}
