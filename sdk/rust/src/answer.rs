use crate::json::raw;
use serde::Serialize;
use serde_json::value::RawValue;
use std::time::Duration;

type Json = Result<Box<RawValue>, String>;

/// What a handler says about an event: made by [`proceed`](Self::proceed), [`modify`](Self::modify), [`block`](Self::block) or [`replace`](Self::replace).
///
/// ```
/// # use outrigger::{Answer, json};
/// # use std::time::Duration;
/// let remember = Answer::proceed().with_state(json!({ "started": 17 }));
/// let later = Answer::block("busy", "The queue is full").with_retry_after(Duration::from_secs(60));
/// ```
#[derive(Debug, Default)]
pub struct Answer {
    action: Option<Action>,
    state: Option<Json>,
    metadata: Option<Json>,
    retry_after_ms: Option<f64>,
}

#[derive(Debug)]
enum Action {
    Modify(Json),
    Block(Violation),
    Replace(Json),
}

#[derive(Debug, Default)]
struct Violation {
    code: String,
    reason: String,
    description: Option<String>,
    details: Option<Json>,
    severity: Option<Severity>,
}

/// How bad a violation is. It does not change what the host does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// An error.
    Error,
    /// A warning.
    Warning,
}

impl Answer {
    /// Goes on: no objection.
    pub fn proceed() -> Self {
        Self::default()
    }

    /// Changes the payload by a JSON Merge Patch: a key sets, `null` removes, lists are replaced whole.
    ///
    /// ```
    /// # use outrigger::{Answer, json};
    /// let answer = Answer::modify(json!({ "env": { "LANG": "C" }, "cwd": null }));
    /// ```
    pub fn modify(changes: impl Serialize) -> Self {
        Self::of(Action::Modify(to_json(changes)))
    }

    /// Stops the operation. `code` is for programs (at most 128 characters), `reason` one sentence for people.
    pub fn block(code: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::of(Action::Block(Violation { code: code.into(), reason: reason.into(), ..Default::default() }))
    }

    /// Skips the operation: the application uses this value instead of its result.
    pub fn replace(value: impl Serialize) -> Self {
        Self::of(Action::Replace(to_json(value)))
    }

    fn of(action: Action) -> Self {
        Self { action: Some(action), ..Default::default() }
    }

    /// Kept by the host and handed back by [`Event::state`](crate::Event::state) at the next event of the same operation. At most 64 KiB of JSON.
    pub fn with_state(mut self, state: impl Serialize) -> Self {
        self.state = Some(to_json(state));
        self
    }

    /// Facts for the trace, a JSON object; they reach neither the application nor other plugins.
    pub fn with_metadata(mut self, metadata: impl Serialize) -> Self {
        self.metadata = Some(to_json(metadata));
        self
    }

    /// With a block: when trying again could succeed.
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after_ms = Some(wait.as_secs_f64() * 1000.0);
        self
    }

    /// With a block: a longer explanation.
    pub fn with_description(self, description: impl Into<String>) -> Self {
        self.violation(|violation| violation.description = Some(description.into()))
    }

    /// With a block: facts for programs, a JSON object.
    pub fn with_details(self, details: impl Serialize) -> Self {
        self.violation(|violation| violation.details = Some(to_json(details)))
    }

    /// With a block: how bad it is.
    pub fn with_severity(self, severity: Severity) -> Self {
        self.violation(|violation| violation.severity = Some(severity))
    }

    fn violation(mut self, change: impl FnOnce(&mut Violation)) -> Self {
        if let Some(Action::Block(violation)) = &mut self.action {
            change(violation);
        }
        self
    }

    /// The answer as it goes over the wire; fails on what the host would refuse in any case.
    pub(crate) fn into_json(self) -> Result<Box<RawValue>, String> {
        let mut wire = Wire { state: self.state.transpose()?, retry_after_ms: self.retry_after_ms, ..Default::default() };
        wire.metadata = self.metadata.map(|json| object("metadata", json)).transpose()?;
        match self.action {
            None => {}
            Some(Action::Modify(changes)) => {
                wire.action = Some("modify");
                wire.changes = Some(object("changes", changes)?);
            }
            Some(Action::Replace(value)) => {
                wire.action = Some("replace");
                wire.value = Some(value?);
            }
            Some(Action::Block(violation)) => {
                wire.action = Some("block");
                wire.violation = Some(violation.into_wire()?);
            }
        }
        raw(&wire).map_err(|error| format!("Cannot send the answer: {error}"))
    }
}

impl Violation {
    fn into_wire(self) -> Result<WireViolation, String> {
        if self.code.is_empty() || self.reason.is_empty() {
            return Err("Cannot block without a code and a reason: programs need the one, people the other".into());
        }
        let details = self.details.map(|json| object("details", json)).transpose()?;
        Ok(WireViolation { code: self.code, reason: self.reason, description: self.description, details, severity: self.severity })
    }
}

fn to_json(value: impl Serialize) -> Json {
    raw(&value).map_err(|error| format!("Cannot send the answer: {error}"))
}

fn object(what: &str, json: Json) -> Json {
    let json = json?;
    if json.get().starts_with('{') {
        return Ok(json);
    }
    Err(format!("Cannot send the {what} {}: a JSON object is needed", crate::error::cut(json.get(), 100)))
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    violation: Option<WireViolation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<f64>,
}

#[derive(Serialize)]
struct WireViolation {
    code: String,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
}
