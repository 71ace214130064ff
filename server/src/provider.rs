//! Providers: one folder each with its wire types (only the fields it touches; the rest passes through).

pub mod anthropic;
pub mod azure;
pub mod bedrock;
pub mod catalog;
pub mod chat;
pub mod cohere;
pub mod embedding;
pub mod endpoint;
pub mod gemini;
pub mod ollama;
pub mod openai;
pub mod pass_through;
pub mod quirks;
pub mod rerank;
pub mod responses;
pub mod task;
pub mod token;
pub mod tokens;
pub mod vertex;
