//! Pages of a list.

use sea_orm::QuerySelect;
use sea_orm::entity::prelude::*;

/// Which page, of which size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageOf {
    /// From 1.
    pub page: u64,
    /// Rows a page.
    pub size: u64,
}

/// One page.
#[derive(Clone, Debug)]
pub struct Page<M> {
    /// Its rows, in order.
    pub rows: Vec<M>,
    /// Rows that match, on all pages.
    pub total: u64,
}

impl PageOf {
    /// The page of those that `matching` finds, in the order that `sorted` gives them.
    ///
    /// # Errors
    /// When the database is away.
    pub(super) async fn read<E>(
        self,
        db: &impl ConnectionTrait,
        matching: Select<E>,
        sorted: impl FnOnce(Select<E>) -> Select<E>,
    ) -> Result<Page<E::Model>, DbErr>
    where
        E: EntityTrait<Model: Send + Sync>,
    {
        let total = matching.clone().count(db).await?;
        let offset = self.page.saturating_sub(1).saturating_mul(self.size);
        if offset >= total {
            return Ok(Page { rows: Vec::new(), total });
        }
        let rows = sorted(matching).offset(offset).limit(self.size).all(db).await?;
        Ok(Page { rows, total })
    }
}
