//! The file that is exported, made page by page.

use actix_web::web::{Bytes, Data};
use tollgate_openapi::spend::ExportFormat;

use super::named::{Ids, Named};
use super::{calls, csv, days, focus, jsonl};
use crate::app::App;
use crate::db::Scope;
use crate::db::daily_entity_spend::Days;
use crate::db::{day_row, spend_log};
use crate::error::ApiResult;

/// Rows of a page: as much as is in memory at once.
const PAGE_ROWS: u16 = 1000;

/// What rows are read from, and the last one that was.
#[derive(Debug)]
pub(super) enum Source {
    /// The sums by day.
    Days { days: Days, filter: Box<day_row::Filter>, last: Option<Box<day_row::Row>> },
    /// The log.
    Calls { filter: Box<spend_log::Filter>, tag: Option<String>, last: Option<Box<spend_log::Exported>> },
}

/// A file, made as far as it was asked for.
#[derive(Debug)]
pub(in crate::management) struct File {
    app: Data<App>,
    scope: Scope,
    source: Source,
    format: ExportFormat,
    /// Nothing was read yet.
    is_new: bool,
    /// There are no more rows.
    is_over: bool,
}

impl File {
    pub(super) const fn new(app: Data<App>, scope: Scope, source: Source, format: ExportFormat) -> Self {
        Self { app, scope, source, format, is_new: true, is_over: false }
    }

    /// What comes next; `None`: the file is whole.
    pub(in crate::management) async fn next(&mut self) -> ApiResult<Option<Bytes>> {
        if self.is_over {
            return Ok(None);
        }
        let mut text = String::new();
        if std::mem::take(&mut self.is_new) {
            self.push_header(&mut text);
        }
        let count = match &self.source {
            Source::Days { .. } => self.push_days(&mut text).await?,
            Source::Calls { .. } => self.push_calls(&mut text).await?,
        };
        self.is_over = count < usize::from(PAGE_ROWS);
        Ok((!text.is_empty()).then(|| text.into()))
    }

    fn push_header(&self, text: &mut String) {
        match (self.format, &self.source) {
            (ExportFormat::Csv, Source::Days { .. }) => csv::push_header(text, &days::COLUMNS),
            (ExportFormat::Csv, Source::Calls { .. }) => csv::push_header(text, &calls::COLUMNS),
            (ExportFormat::Focus, _) => csv::push_header(text, &focus::COLUMNS),
            (ExportFormat::Jsonl, _) => {}
        }
    }

    /// Adds a page of days, and tells of how many rows.
    async fn push_days(&mut self, text: &mut String) -> ApiResult<usize> {
        let Source::Days { days, filter, last } = &mut self.source else { return Ok(0) };
        let (db, limit) = (&self.app.db, u64::from(PAGE_ROWS));
        let mut rows = day_row::after(&self.scope, db, filter, *days, last.as_deref(), limit).await?;
        let mut ids = Ids::default();
        for row in &rows {
            ids.add(&row.organization_id, &row.team_id, &row.user_id, &row.api_key);
        }
        let named = Named::of(&self.app, ids).await?;
        for row in &rows {
            match self.format {
                ExportFormat::Focus => csv::push_line(text, &focus::cells(row, &named, filter.tag())),
                ExportFormat::Csv => csv::push_line(text, &days::cells(row, &named)),
                ExportFormat::Jsonl => jsonl::push_line(text, &days::COLUMNS, &days::cells(row, &named)),
            }
        }
        let count = rows.len();
        *last = rows.pop().map(Box::new);
        Ok(count)
    }

    /// The same of calls.
    async fn push_calls(&mut self, text: &mut String) -> ApiResult<usize> {
        let Source::Calls { filter, tag, last } = &mut self.source else { return Ok(0) };
        let (db, limit) = (&self.app.db, u64::from(PAGE_ROWS));
        let mut rows = spend_log::after(&self.scope, db, filter, tag.as_deref(), last.as_deref(), limit).await?;
        let mut ids = Ids::default();
        for row in &rows {
            let [organization, team, user] =
                [&row.organization_id, &row.team_id, &row.user_id].map(|id| id.as_deref().unwrap_or_default());
            // What the key was called is in the row.
            ids.add(organization, team, user, "");
        }
        let named = Named::of(&self.app, ids).await?;
        for row in &rows {
            match self.format {
                ExportFormat::Csv | ExportFormat::Focus => csv::push_line(text, &calls::cells(row, &named)),
                ExportFormat::Jsonl => jsonl::push_line(text, &calls::COLUMNS, &calls::cells(row, &named)),
            }
        }
        let count = rows.len();
        *last = rows.pop().map(Box::new);
        Ok(count)
    }
}
