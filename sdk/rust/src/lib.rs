//! Write Outrigger plugins in Rust. A plugin is a process that a host asks about events over JSON-RPC on stdin and stdout; this
//! crate is the process's side of it.
//!
//! ```no_run
//! use outrigger::{Answer, Event, Plugin, conda::PreCommand, json};
//!
//! Plugin::new()
//!     .on("conda.pre_command", |ev: Event<PreCommand>| {
//!         ev.log().info(format!("{} is about to run", ev.payload.command));
//!         Ok(Answer::modify(json!({ "env": { "HELLO_FROM": "Rust" } })))
//!     })
//!     .serve();
//! ```
//!
//! Each event has a thread of its own, from a pool that grows up to the manifest's `concurrency`. What a handler returns as an error,
//! or panics with, fails that event only, as long as the profile does not say `panic = "abort"`. stdout belongs to the wire: what the plugin
//! prints goes to stderr, which is its log.
#![warn(missing_docs)]

mod answer;
mod base64;
pub mod conda;
mod error;
mod event;
mod fetch;
mod framing;
mod handshake;
mod host;
mod invoke;
mod json;
pub mod methods;
mod output;
mod panics;
mod peer;
mod plugin;
mod pool;
mod scope;
mod serve;
mod session;
mod stdio;
pub mod testing;

pub use answer::{Answer, Severity};
pub use error::{Error, ServiceError, disable};
pub use event::{Emitted, Event, EventContext, Outcome, Violation};
pub use fetch::{Fetch, Response};
pub use host::{Host, Log, PermissionAnswer, Storage};
pub use plugin::{NetDenial, Plugin};
pub use scope::Cancellation;
pub use serde_json::value::RawValue;
pub use serde_json::{self, Value, json};
