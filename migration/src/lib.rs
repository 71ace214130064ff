//! Schema of Tollgate's database.
