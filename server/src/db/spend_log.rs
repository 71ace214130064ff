//! The log of calls: append-only, keyed by request id. Only the cost of an interrupted call is added later,
//! and old calls are taken out whole.

mod export;
mod prune;
mod search;

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::{JsonMap, Strings};
pub use export::{Exported, after};
pub use prune::take_old;
pub use search::{Filter, find_many, newest, order, page};

/// One call. Fields are those of `SpendLogView`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "spend_logs")]
pub struct Model {
    /// Id of the call.
    #[sea_orm(primary_key, auto_increment = false)]
    pub request_id: String,
    /// Kind of call, such as `acompletion`.
    pub call_type: String,
    /// Hash of the key.
    pub api_key: String,
    /// Alias of the key when the call was made.
    pub key_alias: Option<String>,
    /// Cost in nano-dollars.
    pub spend: i64,
    /// Input and output tokens.
    pub total_tokens: i64,
    /// Input tokens, cached ones included.
    pub prompt_tokens: i64,
    /// Output tokens, reasoning included.
    pub completion_tokens: i64,
    /// Input tokens read from the provider's cache.
    pub cache_read_input_tokens: i64,
    /// Input tokens written to the provider's cache.
    pub cache_creation_input_tokens: i64,
    /// Output tokens spent on reasoning.
    pub reasoning_tokens: i64,
    /// What its answer from the gateway's cache would have cost, in nano-dollars.
    pub saved_by_cache: i64,
    /// What the provider's cache saved, in nano-dollars.
    pub saved_by_prompt_cache: i64,
    /// When the call arrived.
    pub start_time: DateTimeUtc,
    /// When its answer ended.
    pub end_time: DateTimeUtc,
    /// When the first token was sent, for streams.
    pub completion_start_time: Option<DateTimeUtc>,
    /// From arrival to end, in milliseconds.
    pub request_duration_ms: i64,
    /// Time added by the gateway, in microseconds.
    pub overhead_us: i64,
    /// The provider's model.
    pub model: String,
    /// Id of the deployment.
    pub model_id: Option<String>,
    /// Public name the client asked for.
    pub model_group: String,
    /// Provider.
    pub custom_llm_provider: Option<String>,
    /// Where the provider was called, without query.
    pub api_base: Option<String>,
    /// Owner of the key; `user` on the wire.
    pub user_id: Option<String>,
    /// Team of the key.
    pub team_id: Option<String>,
    /// Organization of the key.
    pub organization_id: Option<String>,
    /// The `user` field of the call.
    pub end_user: Option<String>,
    /// Address of the client.
    pub requester_ip_address: Option<String>,
    /// Whether the answer was streamed.
    pub stream: bool,
    /// Name of a `CallStatus`.
    pub status: String,
    /// HTTP status the client got.
    pub status_code: i64,
    /// The provider's id of the answer.
    pub response_id: Option<String>,
    /// `True` or `False`.
    pub cache_hit: String,
    /// Tags of the call.
    #[sea_orm(column_type = "Json")]
    pub request_tags: Strings,
    /// Error, attempts, usage, the cost's parts.
    #[sea_orm(column_type = "Json")]
    pub metadata: JsonMap,
    /// The budget windows it was charged to, as [`Charged`] writes them; `None` of calls from before this was noted.
    pub charges: Option<String>,
}

/// Budget windows a call was charged to, each by kind, id and [`super::budget_spend::window_key`]. Short: every call has
/// them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Charged(
    /// The windows.
    pub Vec<(String, String, i64)>,
);

impl Model {
    /// The budget windows it was charged to; none of a call from before this was noted.
    ///
    /// # Errors
    /// When the column holds something else.
    pub fn charged(&self) -> Result<Charged, serde_json::Error> {
        self.charges.as_deref().map_or(Ok(Charged::default()), serde_json::from_str)
    }
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
