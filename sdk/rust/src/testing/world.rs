use crate::base64;
use crate::error::{ServiceError, number};
use crate::event::Emitted;
use crate::fetch::Response;
use crate::host::PermissionAnswer;
use crate::json::{decode, lock};
use crate::session::Session;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

type Reply = Result<Value, ServiceError>;
type Service = Box<dyn Fn(Value) -> Reply + Send + Sync>;

/// A record that the plugin logged.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct LogRecord {
    /// `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// The text.
    pub message: String,
    /// Event it belongs to.
    pub event: Option<String>,
    /// Facts for programs.
    #[serde(default)]
    pub fields: Map<String, Value>,
}

/// What the plugin told of its work.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Progress {
    /// Event it works on.
    pub event: String,
    /// What it does now.
    pub message: Option<String>,
    /// How far it is, in percent.
    pub percentage: Option<f64>,
}

/// An event the plugin fired.
#[derive(Debug, Clone, PartialEq)]
pub struct Fired {
    /// Full name of the hook point.
    pub hook: String,
    /// Its payload.
    pub payload: Value,
}

/// The host's side: what it offers, and what it has heard.
#[derive(Default)]
#[expect(clippy::type_complexity)]
pub(super) struct World {
    pub secrets: HashMap<String, String>,
    pub services: HashMap<String, Service>,
    pub emit: Option<Box<dyn Fn(&str, &Value) -> Emitted + Send + Sync>>,
    pub fetch: Option<Box<dyn Fn(&Value) -> Result<Response, ServiceError> + Send + Sync>>,
    pub permission: Option<Box<dyn Fn(&Value, &str) -> PermissionAnswer + Send + Sync>>,
    pub logs: Mutex<Vec<LogRecord>>,
    pub progress: Mutex<Vec<Progress>>,
    pub emitted: Mutex<Vec<Fired>>,
    pub storage: Mutex<BTreeMap<String, Value>>,
    pending: Mutex<(u64, HashMap<u64, Sender<Reply>>)>,
    session: OnceLock<Weak<Session>>,
}

pub(super) struct Waiting {
    pub id: u64,
    answered: Receiver<Reply>,
}

impl World {
    pub fn connect(&self, session: &Arc<Session>) {
        let _ = self.session.set(Arc::downgrade(session));
    }

    pub fn ask(&self, session: &Arc<Session>, method: &str, params: &Value) -> Waiting {
        let (sender, answered) = channel();
        let mut pending = lock(&self.pending);
        pending.0 += 1;
        let id = pending.0;
        pending.1.insert(id, sender);
        drop(pending);
        session.receive(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string().as_bytes());
        Waiting { id, answered }
    }

    pub fn wait(&self, waiting: &Waiting, most: Duration) -> Reply {
        let late = |_| Err(ServiceError::new("PLUGIN_TIMEOUT", number::INTERNAL, format!("The plugin did not answer within {most:?}")));
        waiting.answered.recv_timeout(most).unwrap_or_else(late)
    }

    /// Takes a message of the plugin's.
    pub fn receive(&self, text: &str) {
        let mut message: Value = decode(text).unwrap_or_default();
        let (id, params) = (message["id"].take(), message["params"].take());
        match (message["method"].as_str(), id.is_null()) {
            (Some("log"), true) => lock(&self.logs).extend(serde_json::from_value(params)),
            (Some("$/progress"), true) => lock(&self.progress).extend(serde_json::from_value(params)),
            (Some(_), true) => {}
            (Some(method), false) => self.reply(&id, self.answer(method, params)),
            (None, _) => self.settle(id.as_u64().unwrap_or_default(), &mut message),
        }
    }

    fn reply(&self, id: &Value, reply: Reply) {
        let message = match reply {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
            Err(error) => {
                json!({ "jsonrpc": "2.0", "id": id, "error": { "code": error.number, "message": error.message, "data": { "code": error.code } } })
            }
        };
        if let Some(session) = self.session.get().and_then(Weak::upgrade) {
            session.receive(message.to_string().as_bytes());
        }
    }

    fn settle(&self, id: u64, message: &mut Value) {
        let Some(sender) = lock(&self.pending).1.remove(&id) else { return };
        let error = &message["error"];
        let _ = sender.send(if error.is_null() {
            Ok(message["result"].take())
        } else {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
            Err(ServiceError::new(&text(&error["data"]["code"]), error["code"].as_i64().unwrap_or_default(), text(&error["message"])))
        });
    }

    fn answer(&self, method: &str, params: Value) -> Reply {
        if let Some(service) = self.services.get(method) {
            return service(params);
        }
        let text = |name: &str| params[name].as_str().unwrap_or_default().to_string();
        match method {
            "hook/emit" => Ok(self.emit(text("hook"), params["payload"].clone())),
            "net/fetch" => self.fetch(&params),
            "permission/request" => {
                let refusal = PermissionAnswer { granted: false, effective: None };
                Ok(json!(self.permission.as_ref().map_or(refusal, |run| run(&params["permissions"], &text("reason")))))
            }
            "secret/get" => self.secret(&text("name")),
            _ => self.store(method, &text("key"), &params),
        }
    }

    fn emit(&self, hook: String, payload: Value) -> Value {
        let continued = |_: &str, payload: &Value| Emitted { status: "continued".into(), payload: payload.clone(), ..Default::default() };
        let mut emitted = self.emit.as_ref().map_or_else(|| continued(&hook, &payload), |run| run(&hook, &payload));
        let mut fired = lock(&self.emitted);
        fired.push(Fired { hook, payload });
        emitted.event = format!("emitted-{}", fired.len());
        json!(emitted)
    }

    fn fetch(&self, params: &Value) -> Reply {
        let Some(fetch) = &self.fetch else {
            let text = format!("Cannot fetch {}: the test has no on_fetch() that would answer", params["url"]);
            return Err(ServiceError::new("PERMISSION_DENIED", -32001, text));
        };
        let Response { status, url, headers, body } = fetch(params)?;
        Ok(match String::from_utf8(body) {
            Ok(body) => json!({ "status": status, "url": url, "headers": headers, "body": body }),
            Err(error) => json!({ "status": status, "url": url, "headers": headers, "bodyBase64": base64::encode(error.as_bytes()) }),
        })
    }

    fn secret(&self, name: &str) -> Reply {
        let unknown =
            || ServiceError::new("SECRET_UNKNOWN", -32011, format!("Cannot read the secret \"{name}\": the test gives none of this name"));
        self.secrets.get(name).map(|value| json!({ "value": value })).ok_or_else(unknown)
    }

    fn store(&self, method: &str, key: &str, params: &Value) -> Reply {
        let mut storage = lock(&self.storage);
        match method {
            "storage/get" => return Ok(json!({ "value": storage.get(key) })),
            "storage/set" => drop(storage.insert(key.into(), params["value"].clone())),
            "storage/delete" => drop(storage.remove(key)),
            "storage/list" => {
                let prefix = params["prefix"].as_str().unwrap_or_default();
                return Ok(json!({ "keys": storage.keys().filter(|name| name.starts_with(prefix)).collect::<Vec<_>>() }));
            }
            _ => {
                let text = format!("Cannot call \"{method}\": the test registers no such service");
                return Err(ServiceError::new("METHOD_UNKNOWN", number::METHOD_UNKNOWN, text));
            }
        }
        Ok(json!({}))
    }
}
