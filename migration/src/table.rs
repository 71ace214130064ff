//! What the changes have in common.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::big_integer;

/// A number given by the database, larger for every later row.
pub(crate) fn sequence(name: &'static str) -> ColumnDef {
    big_integer(name).primary_key().auto_increment().to_owned()
}

pub(crate) fn index(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.table(table).name(format!("idx_{table}_{}", columns.join("_")));
    for column in columns {
        index.col(*column);
    }
    index
}

pub(crate) fn unique(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    index(table, columns).unique().to_owned()
}
