//! Reads what budgets have spent in the ledger's database.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use parking_lot::Mutex;
use sea_orm::{DatabaseConnection, DbErr};
use tollgate_openapi::money::NanoUsd;

use super::Window;
use crate::db::budget_spend;

/// What the ledger's database has of windows: spent, and corrected by administrators.
pub(super) type InLedger = HashMap<Window, (NanoUsd, NanoUsd)>;

/// What is being read for calls that wait for it.
///
/// All calls of a key that Redis does not know yet ask at once. If each of them read for itself, they would keep each other
/// from the few connections there are, until some did not get any.
#[derive(Debug, Default)]
pub(super) struct Readings(Mutex<HashMap<Vec<Window>, WeakShared<Reading>>>);

/// Nothing where the database cannot say.
type Reading = BoxFuture<'static, Option<Arc<InLedger>>>;

impl Readings {
    /// What the ledger's database has of `windows`, read once for all who ask meanwhile; `None` where it cannot say.
    pub(super) async fn read(&self, db: &DatabaseConnection, windows: Vec<Window>) -> Option<Arc<InLedger>> {
        let reading = self.join(db, &windows);
        let found = reading.await;
        self.0.lock().remove(&windows);
        found
    }

    fn join(&self, db: &DatabaseConnection, windows: &[Window]) -> Shared<Reading> {
        let mut readings = self.0.lock();
        if let Some(reading) = readings.get(windows).and_then(WeakShared::upgrade) {
            return reading;
        }
        let reading = begin(db.clone(), windows.to_vec()).boxed().shared();
        readings.extend(reading.downgrade().map(|weak| (windows.to_vec(), weak)));
        reading
    }
}

async fn begin(db: DatabaseConnection, windows: Vec<Window>) -> Option<Arc<InLedger>> {
    match in_ledger(&db, &windows).await {
        Ok(found) => Some(Arc::new(found)),
        Err(error) => {
            tracing::warn!(%error, "what budgets have spent cannot be read from the ledger");
            None
        }
    }
}

/// What the ledger's database has of `windows` now.
///
/// # Errors
/// When the database is away.
pub(super) async fn in_ledger(db: &DatabaseConnection, windows: &[Window]) -> Result<InLedger, DbErr> {
    let keys = windows.iter().map(|window| (window.scope.kind, &*window.scope.id, window.start));
    let found = budget_spend::find_many(db, keys).await?;
    let of = |window: &Window| {
        let key = (window.scope.kind.to_owned(), window.scope.id.to_string(), budget_spend::window_key(window.start));
        found.get(&key).map_or((NanoUsd::ZERO, NanoUsd::ZERO), |row| (NanoUsd(row.spent), NanoUsd(row.adjusted)))
    };
    Ok(windows.iter().map(|window| (window.clone(), of(window))).collect())
}
