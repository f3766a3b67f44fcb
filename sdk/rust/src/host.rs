use crate::error::{Error, ServiceError, cut};
use crate::json::decode;
use crate::methods;
use crate::peer::Peer;
use crate::scope::{Cancellation, Scope};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// What a plugin may ask of its host. The calls wait for the host, and fail with `EVENT_CANCELLED` when the event they belong to
/// is cancelled. Clone it into threads of your own.
#[derive(Clone)]
pub struct Host {
    pub(crate) peer: Arc<Peer>,
    pub(crate) scope: Arc<Scope>,
    pub(crate) config: Arc<str>,
    pub(crate) event: Option<Arc<str>>,
}

/// The operator's word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PermissionAnswer {
    /// True: all of it is granted.
    pub granted: bool,
    /// `now`, or `restart` when a part of it reaches only the next process of the plugin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective: Option<String>,
}

impl Host {
    /// The plugin's configuration, checked by the host against the manifest and with its defaults filled in.
    pub fn config<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let wrong = |error| format!("Cannot read the configuration as {}: {error}", std::any::type_name::<T>());
        Ok(decode(&self.config).map_err(wrong)?)
    }

    /// Structured log of the plugin: the host tags it with plugin and event and limits its rate.
    pub fn log(&self) -> Log {
        Log { host: self.clone(), fields: Map::new() }
    }

    /// Storage of the plugin's own, kept by the host across restarts. Needs the permission `storage`.
    pub fn storage(&self) -> Storage<'_> {
        Storage(self)
    }

    /// When the answer is not needed any more.
    pub fn cancellation(&self) -> Cancellation {
        Cancellation(self.scope.clone())
    }

    /// A secret the operator granted. Needs its name under `permissions.secrets`.
    pub fn secret(&self, name: &str) -> Result<String, ServiceError> {
        #[derive(Deserialize)]
        struct Secret {
            value: String,
        }
        self.call(methods::SECRET_GET, json!({ "name": name })).map(|secret: Secret| secret.value)
    }

    /// Calls a service that the application registered; needs a permission of that name. `params` becomes a JSON object.
    pub fn call<T: DeserializeOwned>(&self, service: &str, params: impl Serialize) -> Result<T, ServiceError> {
        self.ask(service, &params, true)
    }

    /// Asks the operator for permissions that the manifest lists under `optionalPermissions`, in the manifest's own shape. A person may take longer
    /// than an event: when that is over the question stands, and whoever asks the same again gets its answer.
    pub fn request_permission(&self, permissions: impl Serialize, reason: &str) -> Result<PermissionAnswer, ServiceError> {
        #[derive(Serialize)]
        struct Wish<'a, P> {
            permissions: P,
            #[serde(skip_serializing_if = "str::is_empty")]
            reason: &'a str,
        }
        self.ask(methods::PERMISSION_REQUEST, &Wish { permissions, reason: cut(reason, 500) }, false)
    }

    pub(crate) fn ask<T: DeserializeOwned>(&self, method: &str, params: &impl Serialize, tells_host: bool) -> Result<T, ServiceError> {
        let text = self.peer.request(&self.scope, method, params, tells_host)?;
        decode(text.get()).map_err(|error| ServiceError::internal(format!("Cannot read the answer of \"{method}\": {error}")))
    }
}

/// See [`Host::storage`].
pub struct Storage<'a>(&'a Host);

impl Storage<'_> {
    /// The stored value, `None` when there is none.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ServiceError> {
        #[derive(Deserialize)]
        struct Entry {
            value: Option<Box<RawValue>>,
        }
        let entry: Entry = self.0.call(methods::STORAGE_GET, json!({ "key": key }))?;
        let wrong = |error| ServiceError::internal(format!("Cannot read the entry \"{key}\" as {}: {error}", std::any::type_name::<T>()));
        entry.value.map(|value| decode(value.get()).map_err(wrong)).transpose()
    }

    /// Writes an entry: after it the value survives a crash of plugin and host.
    pub fn set(&self, key: &str, value: impl Serialize) -> Result<(), ServiceError> {
        #[derive(Serialize)]
        struct Entry<'a, V> {
            key: &'a str,
            value: V,
        }
        self.0.call::<Value>(methods::STORAGE_SET, Entry { key, value }).map(drop)
    }

    /// Removes an entry; removing what is not there is fine.
    pub fn delete(&self, key: &str) -> Result<(), ServiceError> {
        self.0.call::<Value>(methods::STORAGE_DELETE, json!({ "key": key })).map(drop)
    }

    /// Names of the entries that begin with `prefix`, sorted.
    pub fn list(&self, prefix: &str) -> Result<Vec<String>, ServiceError> {
        #[derive(Deserialize)]
        struct Keys {
            keys: Vec<String>,
        }
        let params = if prefix.is_empty() { json!({}) } else { json!({ "prefix": prefix }) };
        self.0.call(methods::STORAGE_LIST, params).map(|found: Keys| found.keys)
    }
}

/// See [`Host::log`].
///
/// ```
/// # fn example(host: outrigger::Host) {
/// host.log().with("status", 200).info("asked the policy server");
/// # }
/// ```
#[must_use = "end it with debug(), info(), warn() or error()"]
pub struct Log {
    host: Host,
    fields: Map<String, Value>,
}

impl Log {
    /// Adds a fact for programs.
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).unwrap_or_else(|error| error.to_string().into());
        self.fields.insert(name.into(), value);
        self
    }

    /// Writes a record for who looks for a mistake.
    pub fn debug(self, message: impl AsRef<str>) {
        self.write("debug", message.as_ref());
    }

    /// Writes a record.
    pub fn info(self, message: impl AsRef<str>) {
        self.write("info", message.as_ref());
    }

    /// Writes a warning.
    pub fn warn(self, message: impl AsRef<str>) {
        self.write("warn", message.as_ref());
    }

    /// Writes an error.
    pub fn error(self, message: impl AsRef<str>) {
        self.write("error", message.as_ref());
    }

    fn write(self, level: &str, message: &str) {
        self.host.peer.log(level, message, self.host.event.as_deref(), self.fields);
    }
}
