//! What tests start and talk through.

mod app;
mod browser;
mod client;
mod database;
mod mailbox;
mod idp;
mod receiver;
mod redis;
mod socket;
mod store;
mod upstream;

pub(crate) use app::{MASTER_KEY, TestApp, TestAppBuilder};
pub(crate) use browser::{Browser, Seen};
pub(crate) use client::{Answer, Call, Client};
pub(crate) use idp::{CLIENT_ID, CLIENT_SECRET, FakeIdp, Flaw};
pub(crate) use mailbox::Mailbox;
pub(crate) use receiver::{Receiver, Told};
pub(crate) use redis::RedisServer;
pub(crate) use socket::{SocketUpstream, Step};
pub(crate) use store::{FakeStore, PNG};
pub(crate) use upstream::{Behaviour, DONE, FakeUpstream, delta, event, usage};
