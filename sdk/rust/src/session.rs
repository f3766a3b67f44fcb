use crate::error::{Error, WireError, chain, cut, number};
use crate::host::Host;
use crate::json::{decode, lock};
use crate::panics::{Panicked, catch};
use crate::peer::{Incoming, Peer, Send, id_key};
use crate::plugin::Plugin;
use crate::pool::Pool;
use crate::scope::Scope;
use crate::{handshake, methods};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, json};
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, Once};
use std::time::Duration;

/// Handlers beyond the promised concurrency: those of `fire_and_forget`, and those that a cancellation has not ended yet.
const SPARE_THREADS: usize = 4;
const MOST_THREADS: usize = 256;
/// Bounds what is in flight or waits for a thread.
pub(crate) const MOST_RUNNING: usize = 1024;

/// A plugin behind a wire of messages.
pub(crate) struct Session {
    pub plugin: Plugin,
    pub peer: Arc<Peer>,
    pub pool: Pool,
    pub state: Mutex<State>,
    root: Arc<Scope>,
    settled: Condvar,
    closing: Once,
}

pub(crate) struct State {
    pub calls: HashMap<String, Arc<Scope>>,
    pub config: Arc<str>,
    pub is_greeted: bool,
    pub is_stopping: bool,
    pub running: usize,
    /// Ids of `shutdown` requests that wait for what is in flight.
    shutdowns: Vec<String>,
}

impl Session {
    pub fn new(plugin: Plugin, send: Box<Send>) -> Arc<Self> {
        let config = Arc::from("{}");
        let state = State { calls: HashMap::new(), config, is_greeted: false, is_stopping: false, running: 0, shutdowns: Vec::new() };
        let peer = Arc::new(Peer::new(send));
        let (settled, closing) = (Condvar::new(), Once::new());
        Arc::new(Self { plugin, peer, pool: Pool::new(SPARE_THREADS), state: Mutex::new(state), root: Scope::new(None), settled, closing })
    }

    /// Takes one message; true when it says `exit`.
    pub fn receive(self: &Arc<Self>, text: &[u8]) -> bool {
        match self.peer.receive(text) {
            None => false,
            Some(Incoming { id: Some(id), method, params }) => {
                self.request(id, &method, params);
                false
            }
            Some(Incoming { id: None, method, params }) => {
                self.notified(&method, params);
                method == methods::EXIT
            }
        }
    }

    fn request(self: &Arc<Self>, id: String, method: &str, params: Option<Box<RawValue>>) {
        match method {
            methods::HOOK_INVOKE => self.invoke(id, params),
            methods::PING => self.peer.answer(&id, "{}"),
            methods::SHUTDOWN => {
                self.stop();
                lock(&self.state).shutdowns.push(id);
                self.finish_when_idle();
            }
            // Taken at once: what comes next must not overtake it.
            methods::INITIALIZE => match handshake::greet(self, params.as_deref()) {
                Ok(hooks) => self.reply(id, move |session| handshake::set_up(session, &hooks)),
                Err(error) => self.peer.refuse(&id, &error),
            },
            _ => {
                let text = format!("Cannot handle \"{}\": this plugin has no such method", cut(method, 200));
                self.peer.refuse(&id, &WireError::new("METHOD_UNKNOWN", number::METHOD_UNKNOWN, text));
            }
        }
    }

    fn notified(self: &Arc<Self>, method: &str, params: Option<Box<RawValue>>) {
        let text = params.as_ref().map_or("null", |params| params.get());
        match method {
            methods::HOOK_NOTIFY => self.notify(params),
            methods::CANCEL_REQUEST => {
                #[derive(Deserialize)]
                struct Cancel {
                    id: Box<RawValue>,
                }
                let Ok(cancel) = decode::<Cancel>(text) else { return };
                let scope = lock(&self.state).calls.get(&id_key(cancel.id.get())).cloned();
                if let Some(scope) = scope {
                    scope.cancel("The host cancelled the call");
                }
            }
            methods::CONFIG_CHANGED => {
                #[derive(Deserialize)]
                struct Changed {
                    config: Box<RawValue>,
                }
                let Ok(Changed { config }) = decode(text) else { return };
                if config.get().starts_with('{') {
                    lock(&self.state).config = config.get().into();
                    self.background("config_changed", |session| {
                        session.plugin.config_changed.as_ref().map_or(Ok(()), |run| run(&session.host()))
                    });
                }
            }
            methods::NET_DENIED => {
                let Ok(denial) = decode(text) else { return };
                self.background("net_denied", |session| {
                    session.plugin.net_denied.as_ref().map_or(Ok(()), |run| run(&session.host(), denial))
                });
            }
            _ => {}
        }
    }

    /// What the plugin may ask for outside an event.
    pub fn host(&self) -> Host {
        Host { peer: self.peer.clone(), scope: self.root.clone(), config: lock(&self.state).config.clone(), event: None }
    }

    /// Answers with the JSON that `run` gives, from another thread: reading goes on.
    fn reply(self: &Arc<Self>, id: String, run: impl FnOnce(&Arc<Self>) -> Result<String, Error> + std::marker::Send + 'static) {
        let unanswered = id.clone();
        let is_running = self.run(move |session| match catch(|| run(session)) {
            Ok(result) => session.peer.answer(&id, &result),
            Err(error) => session.peer.fail(&id, &error),
        });
        if !is_running {
            self.peer.refuse(&unanswered, &no_thread("answer"));
        }
    }

    fn background(self: &Arc<Self>, what: &'static str, run: impl FnOnce(&Arc<Self>) -> Result<(), Error> + std::marker::Send + 'static) {
        let is_running = self.run(move |session| {
            if let Err(error) = catch(|| run(session)) {
                session.log_error(&format!("{what} failed"), &error, None);
            }
        });
        if !is_running {
            self.peer.log("error", &no_thread(what).message, None, Map::new());
        }
    }

    /// Runs something, which must not panic, in a thread of the pool; false when there is none.
    #[must_use]
    pub fn run(self: &Arc<Self>, task: impl FnOnce(&Arc<Self>) + std::marker::Send + 'static) -> bool {
        lock(&self.state).running += 1;
        let session = self.clone();
        let is_running = self.pool.submit(Box::new(move || {
            task(&session);
            session.has_run();
        }));
        if !is_running {
            self.has_run();
        }
        is_running
    }

    fn has_run(self: &Arc<Self>) {
        lock(&self.state).running -= 1;
        self.settled.notify_all();
        self.finish_when_idle();
    }

    pub fn set_concurrency(&self, concurrency: usize) {
        self.pool.set_most((concurrency + SPARE_THREADS).min(MOST_THREADS));
    }

    pub fn log_error(&self, what: &str, error: &Error, event: Option<&str>) {
        let mut fields = Map::new();
        if let Some(panicked) = error.downcast_ref::<Panicked>() {
            fields.insert("stack".into(), json!(panicked.stack));
            fields.insert("location".into(), json!(panicked.location));
        }
        self.peer.log("error", &format!("{what}: {}", chain(error)), event, fields);
    }

    pub fn stop(&self) {
        lock(&self.state).is_stopping = true;
    }

    pub fn cancel_all(&self, why: &'static str) {
        self.root.cancel(why);
        for scope in lock(&self.state).calls.values() {
            scope.cancel(why);
        }
    }

    /// Waits until nothing of the plugin's runs, at most that long.
    pub fn wait_idle(&self, most: Duration) {
        let state = lock(&self.state);
        let _ = self.settled.wait_timeout_while(state, most, |state| state.running > 0);
    }

    fn finish_when_idle(self: &Arc<Self>) {
        let mut state = lock(&self.state);
        if state.running > 0 || state.shutdowns.is_empty() {
            return;
        }
        let ids = std::mem::take(&mut state.shutdowns);
        drop(state);
        for id in ids {
            self.reply(id, |session| {
                session.run_shutdown();
                Ok("{}".into())
            });
        }
    }

    /// Runs the plugin's `shutdown`, once.
    pub fn run_shutdown(&self) {
        self.closing.call_once(|| {
            let Some(shutdown) = &self.plugin.shutdown else { return };
            if let Err(error) = catch(|| shutdown(&self.host())) {
                self.log_error("shutdown failed", &error, None);
            }
        });
    }
}

pub(crate) fn no_thread(what: &str) -> WireError {
    WireError::new(
        "SERVICE_BUSY",
        number::BUSY,
        format!("Cannot run \"{what}\": no thread can be started; more processes may be needed under \"limits\""),
    )
}
