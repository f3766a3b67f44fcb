use crate::error::{Error, ServiceError, cut};
use crate::host::Host;
use crate::json::decode;
use crate::methods;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::ops::Deref;
use std::time::{Duration, Instant};

/// One firing of a hook point, as its handler sees it. The members of [`Host`] are its members too.
///
/// `T` is the type of the payload: one of [`conda`](crate::conda), one of your own that derives `Deserialize`, or
/// [`Value`]; as [`Box<RawValue>`] it is the text as it came.
pub struct Event<T> {
    /// Id of the event, unique and sortable by time.
    pub id: String,
    /// Full name of the hook point.
    pub hook: String,
    /// What is known about the event beside its payload.
    pub context: EventContext,
    /// 1, or 2 when the host tries the event again on a fresh process.
    pub attempt: u32,
    /// What became of the event: only in mode `fire_and_forget`, where the handler's answer is ignored.
    pub outcome: Option<Outcome>,
    /// What the event is about, as the plugins before this one left it.
    pub payload: T,
    pub(crate) state: Option<Box<RawValue>>,
    pub(crate) host: Host,
}

/// What is known about an event beside its payload.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventContext {
    /// When the application fired the event, RFC 3339 in UTC.
    pub time: String,
    /// Id of the operation; the same for a pre event and its post or error event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Id of the session in which the event was fired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Id of the event during which a plugin fired this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// How many such steps lie between the application and this event.
    pub depth: u32,
    /// W3C trace context of the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

/// Why a plugin blocked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Violation {
    /// Stable identifier of the rule, for programs.
    pub code: String,
    /// One sentence for people.
    pub reason: String,
    /// A longer explanation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Facts for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Map<String, Value>>,
    /// `error` or `warning`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
}

/// What became of an event.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outcome {
    /// `continued`, `blocked` or `replaced`.
    pub status: String,
    /// Plugin that blocked or replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why it was blocked: `verdict` or `failure`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Why a plugin blocked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub violation: Option<Violation>,
    /// The value that stands in for the operation's result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

/// What became of an event that the plugin fired.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Emitted {
    /// Id of the new event.
    pub event: String,
    /// `continued`, `blocked` or `replaced`.
    pub status: String,
    /// Final payload.
    pub payload: Value,
    /// Why a plugin blocked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub violation: Option<Violation>,
    /// Replacement value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

impl<T> Deref for Event<T> {
    type Target = Host;

    fn deref(&self) -> &Host {
        &self.host
    }
}

impl<T> Event<T> {
    /// What this plugin returned as state earlier in the same operation (pre → post), even if it was restarted in between.
    pub fn state<S: DeserializeOwned>(&self) -> Result<Option<S>, Error> {
        let wrong = |error| format!("Cannot read the state as {}: {error}", std::any::type_name::<S>());
        Ok(self.state.as_ref().map(|state| decode(state.get()).map_err(wrong)).transpose()?)
    }

    /// When the host stops waiting for the answer; `None` in mode `fire_and_forget`. Progress moves it.
    pub fn deadline(&self) -> Option<Instant> {
        self.host.scope.deadline()
    }

    /// Time left until then; [`Duration::MAX`] when there is no deadline.
    pub fn remaining(&self) -> Duration {
        self.deadline().map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Tells the host that the work goes on, and so restarts the deadline, never past the event's budget. Percentage from 0 to 100.
    pub fn progress(&self, message: &str, percentage: Option<f64>) {
        if !self.host.scope.restart() {
            return;
        }
        let mut params = json!({ "event": self.id });
        if !message.is_empty() {
            params["message"] = cut(message, 2000).into();
        }
        if let Some(percentage) = percentage.filter(|percentage| !percentage.is_nan()) {
            params["percentage"] = percentage.clamp(0.0, 100.0).into();
        }
        let _ = self.host.peer.notify(methods::PROGRESS, &params);
    }

    /// Fires an event inside this one. Needs the permission `hook/emit`.
    pub fn emit(&self, hook: &str, payload: impl Serialize) -> Result<Emitted, ServiceError> {
        #[derive(Serialize)]
        struct Params<'a, P> {
            hook: &'a str,
            payload: P,
            event: &'a str,
        }
        self.host.call(methods::HOOK_EMIT, Params { hook, payload, event: &self.id })
    }
}
