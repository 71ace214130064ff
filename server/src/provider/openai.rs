//! OpenAI's protocol, which most providers speak: the body passes through, only what must change is spliced.

mod content;
pub mod members;
pub mod params;
pub mod request;
pub mod routing;
pub mod stream;
pub(in crate::provider) mod tags;
pub mod telling;
pub mod task_answer;
pub mod transcript;
pub mod usage;

pub use request::{ChatRequest, RequestError};
pub use stream::{SseFilter, StreamOutcome};
pub use task_answer::read_task_answer;
pub use usage::{Answer, NoAnswer, read_answer, read_whole};
