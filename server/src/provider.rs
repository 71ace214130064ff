//! Providers: one folder each with its wire types (only the fields it touches; the rest passes through).

pub mod anthropic;
pub mod bedrock;
pub mod catalog;
pub mod chat;
pub mod endpoint;
pub mod gemini;
pub mod openai;
pub mod token;
pub mod tokens;
pub mod vertex;
