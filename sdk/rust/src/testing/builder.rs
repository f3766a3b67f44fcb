use super::TestHost;
use super::world::World;
use crate::error::{Error, ServiceError};
use crate::event::Emitted;
use crate::fetch::Response;
use crate::host::PermissionAnswer;
use crate::plugin::Plugin;
use crate::session::Session;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// What a [`TestHost`] offers to its plugin. Without more it is a host with storage and nothing else.
pub struct Builder {
    plugin: Plugin,
    config: Value,
    hooks: Vec<String>,
    world: World,
}

impl Builder {
    pub(super) fn new(plugin: Plugin) -> Self {
        let hooks = plugin.hooks();
        Self { plugin, config: json!({}), hooks, world: World::default() }
    }

    /// The plugin's configuration.
    pub fn config(mut self, config: impl Serialize) -> Self {
        self.config = json!(config);
        self
    }

    /// Hook points the manifest subscribes to. Default: those the plugin handles.
    pub fn hooks(mut self, hooks: &[&str]) -> Self {
        self.hooks = hooks.iter().map(ToString::to_string).collect();
        self
    }

    /// Grants a secret.
    pub fn secret(mut self, name: &str, value: &str) -> Self {
        self.world.secrets.insert(name.into(), value.into());
        self
    }

    /// Registers a service of the application; it may also stand in for one of the host.
    pub fn service(mut self, name: &str, run: impl Fn(Value) -> Result<Value, ServiceError> + Send + Sync + 'static) -> Self {
        self.world.services.insert(name.into(), Box::new(run));
        self
    }

    /// Says what becomes of events the plugin fires. Default: they are continued unchanged.
    pub fn on_emit(mut self, run: impl Fn(&str, &Value) -> Emitted + Send + Sync + 'static) -> Self {
        self.world.emit = Some(Box::new(run));
        self
    }

    /// Answers what the plugin lets the host fetch. Default: nothing is permitted.
    pub fn on_fetch(mut self, run: impl Fn(&Value) -> Result<Response, ServiceError> + Send + Sync + 'static) -> Self {
        self.world.fetch = Some(Box::new(run));
        self
    }

    /// What the operator says to a request for permissions and its reason. Default: no.
    pub fn on_permission(mut self, run: impl Fn(&Value, &str) -> PermissionAnswer + Send + Sync + 'static) -> Self {
        self.world.permission = Some(Box::new(run));
        self
    }

    /// Starts the plugin.
    ///
    /// # Panics
    /// When its `setup` fails or declines.
    pub fn start(self) -> TestHost {
        self.try_start().unwrap_or_else(|error| panic!("Cannot start the plugin: {error}"))
    }

    /// Starts the plugin; the error says why its `setup` failed or declined.
    pub fn try_start(self) -> Result<TestHost, Error> {
        let Self { plugin, config, hooks, world } = self;
        let world = Arc::new(world);
        let receiver = world.clone();
        let session = Session::new(plugin, Box::new(move |text| receiver.receive(text)));
        world.connect(&session);
        let host = TestHost { session, world, last_event: AtomicU64::new(0) };
        let params = json!({
            "protocol": 1, "protocols": [1], "host": { "name": "test", "version": "0" }, "plugin": { "name": "test" },
            "config": config, "hooks": hooks, "limits": { "maxMessageBytes": 10 << 20, "concurrency": 64 },
        });
        match host.request("initialize", params)?["disable"].as_str() {
            Some(reason) => Err(format!("the plugin declined: {reason}").into()),
            None => Ok(host),
        }
    }
}
