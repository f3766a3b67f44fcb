use crate::error::{Error, ServiceError, WireError, cut, number};
use crate::json::{decode, lock, raw};
use crate::scope::{Reply, Scope};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

pub(crate) const DEFAULT_MAX_BYTES: usize = 10 << 20;
/// Room for what stands around a result.
const ENVELOPE_BYTES: usize = 40;

pub(crate) type Send = dyn Fn(&str) + std::marker::Send + Sync;

/// One end of a JSON-RPC 2.0 connection; knows messages, not streams.
pub(crate) struct Peer {
    send: Box<Send>,
    max_bytes: AtomicUsize,
    last_id: AtomicU64,
    pending: Mutex<HashMap<u64, Arc<Scope>>>,
}

/// A message of the host; without an id it is a notification.
pub(crate) struct Incoming {
    pub id: Option<String>,
    pub method: String,
    pub params: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    method: Option<&'a RawValue>,
    params: Option<Box<RawValue>>,
    result: Option<Box<RawValue>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// `null` is something, too.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(from: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

impl Peer {
    pub fn new(send: Box<Send>) -> Self {
        let max_bytes = AtomicUsize::new(DEFAULT_MAX_BYTES);
        Self { send, max_bytes, last_id: AtomicU64::new(0), pending: Mutex::default() }
    }

    pub fn max_bytes(&self) -> usize {
        self.max_bytes.load(Relaxed)
    }

    pub fn set_max_bytes(&self, bytes: usize) {
        self.max_bytes.store(bytes, Relaxed);
    }

    /// What the host wants; an answer goes to who waits for it, and what cannot be read is refused.
    pub fn receive(&self, text: &[u8]) -> Option<Incoming> {
        match read(text) {
            Err(error) => self.refuse("null", &error),
            Ok(Message { id: Some(id), method: None, result, error, .. }) => self.settle(id, reply(result, error)),
            Ok(Message { method: None, .. }) => {}
            Ok(Message { id, method: Some(method), params, .. }) => match decode(method.get()) {
                Ok(method) if id.is_none_or(is_id) => {
                    return Some(Incoming { id: id.map(|id| id.get().to_string()), method, params });
                }
                _ => self.refuse("null", &unusable("its method or id is of a wrong type")),
            },
        }
        None
    }

    /// Sends a result; one that is larger than the host reads becomes an error.
    pub fn answer(&self, id: &str, result: &str) {
        let limit = self.max_bytes();
        if result.len() + id.len() + ENVELOPE_BYTES > limit {
            let text = format!("Cannot send the answer: it is larger than {limit} bytes");
            return self.refuse(id, &WireError::new("MESSAGE_TOO_LARGE", number::TOO_LARGE, text));
        }
        (self.send)(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#));
    }

    pub fn refuse(&self, id: &str, error: &WireError) {
        let error = json!({ "code": error.number, "message": cut(&error.message, 2000), "data": { "code": error.code } });
        (self.send)(&format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#));
    }

    pub fn fail(&self, id: &str, error: &Error) {
        match error.downcast_ref::<WireError>() {
            Some(known) => self.refuse(id, known),
            None => self.refuse(id, &WireError::new("INTERNAL_ERROR", number::INTERNAL, error.to_string())),
        }
    }

    pub fn notify(&self, method: &str, params: &Value) -> Result<(), ServiceError> {
        self.write(method, format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{params}}}"#))
    }

    /// Sends a log record; one that is too large goes shortened and without its fields.
    pub fn log(&self, level: &str, message: &str, event: Option<&str>, fields: serde_json::Map<String, Value>) {
        let mut params = json!({ "level": level, "message": message });
        if let Some(event) = event {
            params["event"] = event.into();
        }
        if !fields.is_empty() {
            params["fields"] = fields.into();
        }
        if self.notify("log", &params).is_err() {
            params["fields"] = json!({});
            params["message"] = cut(message, 2000).into();
            let _ = self.notify("log", &params);
        }
    }

    /// Asks the host and waits, for as long as the scope is not cancelled; a late answer is dropped.
    pub fn request(&self, scope: &Arc<Scope>, method: &str, params: &impl Serialize, tells_host: bool) -> Reply {
        scope.check()?;
        let unsendable = |error| ServiceError::internal(format!("Cannot call \"{method}\": {error}"));
        let params = raw(params).map_err(unsendable)?;
        let name = raw(method).map_err(unsendable)?;
        let id = self.last_id.fetch_add(1, Relaxed) + 1;
        scope.expect(id);
        lock(&self.pending).insert(id, scope.clone());
        let result = self.write(method, format!(r#"{{"jsonrpc":"2.0","id":"p{id}","method":{name},"params":{params}}}"#)).and_then(|()| {
            scope.reply(id).inspect_err(|_| {
                if tells_host {
                    let _ = self.notify("$/cancelRequest", &json!({ "id": format!("p{id}") }));
                }
            })
        });
        lock(&self.pending).remove(&id);
        scope.forget(id);
        result?
    }

    fn write(&self, method: &str, message: String) -> Result<(), ServiceError> {
        let limit = self.max_bytes();
        if message.len() > limit {
            let text = format!("Cannot send \"{method}\": it is larger than {limit} bytes");
            return Err(ServiceError::new("MESSAGE_TOO_LARGE", number::TOO_LARGE, text));
        }
        (self.send)(&message);
        Ok(())
    }

    fn settle(&self, id: &RawValue, reply: Reply) {
        let text: String = decode(id.get()).unwrap_or_default();
        let Some(id) = text.strip_prefix('p').and_then(|id| id.parse().ok()) else { return };
        let scope = lock(&self.pending).remove(&id);
        if let Some(scope) = scope {
            scope.deliver(id, reply);
        }
    }
}

fn read(text: &[u8]) -> Result<Message<'_>, WireError> {
    let text = std::str::from_utf8(text).map_err(|_| unreadable(&"it is not UTF-8"))?;
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| if error.is_data() { unusable(&error.to_string()) } else { unreadable(&error) });
    }
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| unreadable(&error))?;
    Err(unusable(if text.trim_start().starts_with('[') { "batches are not supported" } else { "it is no object" }))
}

fn unreadable(why: &dyn std::fmt::Display) -> WireError {
    WireError::new("PARSE_ERROR", number::PARSE_ERROR, format!("Cannot read the message: {why}"))
}

fn unusable(why: &str) -> WireError {
    WireError::new("REQUEST_INVALID", number::REQUEST_INVALID, format!("Cannot read the message: {why}"))
}

fn is_id(id: &RawValue) -> bool {
    !id.get().starts_with(['[', '{', 't', 'f'])
}

/// The same for every spelling of an id that is a text.
pub(crate) fn id_key(id: &str) -> String {
    decode::<String>(id).map_or_else(|_| id.to_string(), |text| format!("text {text}"))
}

/// Makes the best of an error of any shape.
fn reply(result: Option<Box<RawValue>>, error: Option<&RawValue>) -> Reply {
    let Some(error) = error else { return Ok(result.unwrap_or_else(|| RawValue::NULL.to_owned())) };
    let error: Value = decode(error.get()).unwrap_or_default();
    let code = error["data"]["code"].as_str().unwrap_or("INTERNAL_ERROR");
    let message = error["message"].as_str().unwrap_or("The host gave no reason");
    Err(ServiceError::new(code, error["code"].as_i64().unwrap_or(number::INTERNAL), message))
}
