use crate::answer::Answer;
use crate::error::{Error, WireError};
use crate::event::{Event, EventContext, Outcome};
use crate::host::Host;
use crate::json::decode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

type Handler = Box<dyn Fn(CallParams, Host) -> Result<Answer, Error> + Send + Sync>;
type OnHost = Box<dyn Fn(&Host) -> Result<(), Error> + Send + Sync>;

/// A plugin: handlers by hook point, and what to do around them. One process is one plugin.
///
/// ```no_run
/// use outrigger::{Answer, Event, Plugin, conda::PreCommand};
///
/// Plugin::new()
///     .on("conda.pre_command", |ev: Event<PreCommand>| match ev.payload.command.as_str() {
///         "rm" => Ok(Answer::block("no-rm", "rm is not allowed here")),
///         _ => Ok(Answer::proceed()),
///     })
///     .serve();
/// ```
pub struct Plugin {
    pub(crate) handlers: BTreeMap<String, Handler>,
    pub(crate) setup: Option<OnHost>,
    pub(crate) shutdown: Option<OnHost>,
    pub(crate) config_changed: Option<OnHost>,
    #[expect(clippy::type_complexity)]
    pub(crate) net_denied: Option<Box<dyn Fn(&Host, NetDenial) -> Result<(), Error> + Send + Sync>>,
}

/// A connection of the plugin's own that its network proxy refused.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, Deserialize)]
#[serde(default)]
pub struct NetDenial {
    /// Name or address it asked for.
    pub host: String,
    /// Port it asked for.
    pub port: Option<u16>,
    /// Why it was refused.
    pub reason: String,
}

/// Parameters of a hook call.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallParams {
    #[serde(default)]
    pub(crate) event: String,
    pub(crate) hook: String,
    #[serde(default)]
    pub(crate) context: EventContext,
    pub(crate) payload: Option<Box<RawValue>>,
    pub(crate) state: Option<Box<RawValue>>,
    pub(crate) deadline_ms: Option<f64>,
    pub(crate) attempt: Option<u32>,
    pub(crate) outcome: Option<Outcome>,
}

impl Default for Plugin {
    fn default() -> Self {
        Self::new()
    }
}

impl Plugin {
    /// Begin `main` with it: from here on what the process prints goes to stderr, when the host started it.
    pub fn new() -> Self {
        if crate::serve::is_under_host() {
            crate::stdio::guard();
        }
        Self { handlers: BTreeMap::new(), setup: None, shutdown: None, config_changed: None, net_denied: None }
    }

    /// Gives the plugin its handler of a hook point, by full name. Several events may be handled at the same time, each in a thread of its own.
    /// What the handler returns as an error, or panics with, fails that event only. Events of mode `fire_and_forget` come to the
    /// same handler, with `outcome` set.
    ///
    /// # Panics
    /// When the hook point has a handler already.
    pub fn on<T: DeserializeOwned>(
        mut self,
        hook: &str,
        handler: impl Fn(Event<T>) -> Result<Answer, Error> + Send + Sync + 'static,
    ) -> Self {
        let run: Handler = Box::new(move |params, host| handler(event(params, host)?));
        let taken = self.handlers.insert(hook.into(), run);
        assert!(taken.is_none(), "Cannot handle \"{hook}\": it has a handler already, and a plugin has one for each hook point");
        self
    }

    /// Runs once before the first event. An error made by [`disable`](crate::disable) says that the plugin cannot serve on this machine.
    pub fn setup(mut self, setup: impl Fn(&Host) -> Result<(), Error> + Send + Sync + 'static) -> Self {
        self.setup = Some(Box::new(setup));
        self
    }

    /// Runs once before the process ends; after the end of stdin it has one second.
    pub fn shutdown(mut self, shutdown: impl Fn(&Host) -> Result<(), Error> + Send + Sync + 'static) -> Self {
        self.shutdown = Some(Box::new(shutdown));
        self
    }

    /// Runs when the operator changed the configuration; `host.config()` gives the new one.
    pub fn config_changed(mut self, changed: impl Fn(&Host) -> Result<(), Error> + Send + Sync + 'static) -> Self {
        self.config_changed = Some(Box::new(changed));
        self
    }

    /// Runs when a connection of the plugin's own was refused; what made it may only say that it failed.
    pub fn net_denied(mut self, denied: impl Fn(&Host, NetDenial) -> Result<(), Error> + Send + Sync + 'static) -> Self {
        self.net_denied = Some(Box::new(denied));
        self
    }

    /// Names of the hook points the plugin handles, sorted.
    pub fn hooks(&self) -> Vec<String> {
        self.handlers.keys().cloned().collect()
    }

    /// Serves the plugin on stdin and stdout until stdin ends, SIGTERM, or the host says `exit`; it does not return.
    pub fn serve(self) -> ! {
        crate::serve::serve(self)
    }
}

fn event<T: DeserializeOwned>(params: CallParams, host: Host) -> Result<Event<T>, Error> {
    let text = params.payload.as_ref().map_or("null", |payload| payload.get());
    let payload = decode(text).map_err(|error| {
        let target = std::any::type_name::<T>();
        WireError::invalid_params(format!("Cannot read the payload of \"{}\" as {target}: {error}", params.hook))
    })?;
    let attempt = params.attempt.unwrap_or(1);
    let CallParams { event: id, hook, context, outcome, state, .. } = params;
    Ok(Event { id, hook, context, attempt, outcome, payload, state, host })
}
