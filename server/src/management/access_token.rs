//! Access tokens: with what a person's scripts call the management API.

pub mod create;
pub mod delete;
pub mod read;

use tollgate_openapi::access_token::AccessTokenView;

use crate::db::access_token::Model;

fn show(row: Model) -> AccessTokenView {
    AccessTokenView {
        token_id: row.token_hash,
        name: row.name,
        token_name: row.token_name,
        user_id: row.user_id,
        read_only: row.is_read_only,
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
    }
}
