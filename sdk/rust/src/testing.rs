//! Calls a plugin in memory, through the same code and as the same JSON as on the wire.
//!
//! ```
//! use outrigger::{Answer, Event, Plugin, json, testing::TestHost};
//!
//! let plugin = Plugin::new().on("conda.pre_command", |ev: Event<outrigger::conda::PreCommand>| {
//!     Ok(if ev.payload.command == "rm" { Answer::block("no-rm", "rm is not allowed here") } else { Answer::proceed() })
//! });
//! let host = TestHost::start(plugin);
//! let answer = host.call("conda.pre_command", json!({ "command": "rm", "args": [] })).unwrap();
//! assert_eq!(answer["action"], "block");
//! ```

mod builder;
mod world;

use crate::error::ServiceError;
use crate::event::{EventContext, Outcome};
use crate::json::lock;
use crate::plugin::{NetDenial, Plugin};
use crate::session::Session;
pub use builder::Builder;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
pub use world::{Fired, LogRecord, Progress};
use world::{Waiting, World};

/// Longer than any test should wait.
const PATIENCE: Duration = Duration::from_secs(30);

/// Stands in for the host of one plugin.
pub struct TestHost {
    session: Arc<Session>,
    world: Arc<World>,
    last_event: AtomicU64,
}

/// What is known about an event beside its payload.
#[derive(Debug, Clone)]
pub struct CallOptions {
    /// Time, operation, session and parent of the event.
    pub context: EventContext,
    /// What the plugin returned as state earlier.
    pub state: Option<Value>,
    /// Default: 5 s.
    pub deadline: Duration,
    /// Default: 1.
    pub attempt: u32,
}

impl Default for CallOptions {
    fn default() -> Self {
        let context = EventContext { time: "2026-01-01T00:00:00Z".into(), ..Default::default() };
        Self { context, state: None, deadline: Duration::from_secs(5), attempt: 1 }
    }
}

/// A call that is not answered yet.
pub struct PendingCall<'a> {
    host: &'a TestHost,
    waiting: Waiting,
}

impl PendingCall<'_> {
    /// Cancels the call as the host would; the answer is still waited for.
    pub fn cancel(&self) {
        self.host.tell("$/cancelRequest", json!({ "id": self.waiting.id }));
    }

    /// The plugin's answer, or the failure as the host would see it.
    pub fn answer(self) -> Result<Value, ServiceError> {
        self.host.world.wait(&self.waiting, PATIENCE)
    }
}

impl TestHost {
    /// Starts a plugin with storage and nothing else.
    ///
    /// # Panics
    /// When its `setup` fails or declines.
    pub fn start(plugin: Plugin) -> Self {
        Self::build(plugin).start()
    }

    /// Prepares a host that offers more.
    pub fn build(plugin: Plugin) -> Builder {
        Builder::new(plugin)
    }

    /// Fires an event and gives the plugin's answer, or the failure as the host would see it.
    pub fn call(&self, hook: &str, payload: impl Serialize) -> Result<Value, ServiceError> {
        self.call_with(hook, payload, CallOptions::default())
    }

    /// Fires an event with more to say about it.
    pub fn call_with(&self, hook: &str, payload: impl Serialize, options: CallOptions) -> Result<Value, ServiceError> {
        self.begin(hook, payload, options).answer()
    }

    /// Fires an event without waiting for the answer.
    pub fn begin(&self, hook: &str, payload: impl Serialize, options: CallOptions) -> PendingCall<'_> {
        let mut params = self.facts(hook, payload, &options);
        params["deadlineMs"] = json!(options.deadline.as_secs_f64() * 1000.0);
        params["attempt"] = options.attempt.into();
        PendingCall { host: self, waiting: self.world.ask(&self.session, "hook/invoke", &params) }
    }

    /// Fires an event as in mode `fire_and_forget` and waits until the plugin is done with it.
    pub fn notify(&self, hook: &str, payload: impl Serialize, outcome: Outcome) {
        let mut params = self.facts(hook, payload, &CallOptions::default());
        params["outcome"] = json!(outcome);
        self.tell_and_wait("hook/notify", params);
    }

    /// Gives the plugin a new configuration and waits until it took it.
    pub fn change_config(&self, config: impl Serialize) {
        self.tell_and_wait("config/changed", json!({ "config": config }));
    }

    /// Tells the plugin that a connection of its own was refused.
    pub fn deny_net(&self, denial: NetDenial) {
        self.tell_and_wait("net/denied", json!(denial));
    }

    /// Waits for what is in flight and runs the plugin's `shutdown`.
    pub fn shutdown(&self) -> Result<(), ServiceError> {
        self.request("shutdown", json!({})).map(drop)
    }

    /// What the plugin logged up to now.
    pub fn logs(&self) -> Vec<LogRecord> {
        lock(&self.world.logs).clone()
    }

    /// What the plugin told of its work up to now.
    pub fn progress(&self) -> Vec<Progress> {
        lock(&self.world.progress).clone()
    }

    /// The events the plugin fired up to now.
    pub fn emitted(&self) -> Vec<Fired> {
        lock(&self.world.emitted).clone()
    }

    /// The plugin's storage.
    pub fn stored(&self) -> HashMap<String, Value> {
        lock(&self.world.storage).clone().into_iter().collect()
    }

    fn facts(&self, hook: &str, payload: impl Serialize, options: &CallOptions) -> Value {
        let event = format!("event-{}", self.last_event.fetch_add(1, Relaxed) + 1);
        let mut params = json!({ "event": event, "hook": hook, "context": options.context, "payload": payload });
        if let Some(state) = &options.state {
            params["state"] = state.clone();
        }
        params
    }

    fn request(&self, method: &str, params: Value) -> Result<Value, ServiceError> {
        let waiting = self.world.ask(&self.session, method, &params);
        self.world.wait(&waiting, PATIENCE)
    }

    fn tell(&self, method: &str, params: Value) {
        self.session.receive(json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string().as_bytes());
    }

    fn tell_and_wait(&self, method: &str, params: Value) {
        self.tell(method, params);
        self.session.wait_idle(PATIENCE);
    }
}

impl Drop for TestHost {
    fn drop(&mut self) {
        self.session.stop();
        self.session.cancel_all("The host is gone");
    }
}
