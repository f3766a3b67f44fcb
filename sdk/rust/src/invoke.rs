use crate::error::{Error, ServiceError, WireError, cut, number};
use crate::host::Host;
use crate::json::{decode, lock};
use crate::panics::catch;
use crate::peer::id_key;
use crate::plugin::CallParams;
use crate::scope::Scope;
use crate::session::{MOST_RUNNING, Session, no_thread};
use serde_json::Map;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;

/// A hook call in flight.
struct Call {
    key: String,
    scope: Arc<Scope>,
    host: Host,
    hook: String,
}

impl Session {
    pub fn invoke(self: &Arc<Self>, id: String, params: Option<Box<RawValue>>) {
        let (call, params) = match self.begin(id_key(&id), params, false) {
            Ok(begun) => begun,
            Err(error) => return self.peer.refuse(&id, &error),
        };
        let (key, scope, unanswered) = (call.key.clone(), call.scope.clone(), id.clone());
        let is_running = self.run(move |session| {
            let result = session.handle(&call, params);
            session.end(&call.key, &call.scope);
            match result {
                Ok(answer) => session.peer.answer(&id, &answer),
                Err(error) => session.peer.fail(&id, &error),
            }
        });
        if !is_running {
            self.end(&key, &scope);
            self.peer.refuse(&unanswered, &no_thread("hook/invoke"));
        }
    }

    /// Serves an event of mode `fire_and_forget`.
    pub fn notify(self: &Arc<Self>, params: Option<Box<RawValue>>) {
        let (call, mut params) = match self.begin(String::new(), params, true) {
            Ok(begun) => begun,
            Err(error) => return self.peer.log("warn", &error.message, None, Map::new()),
        };
        params.outcome.get_or_insert_default();
        let (key, scope) = (call.key.clone(), call.scope.clone());
        let is_running = self.run(move |session| {
            let _ = session.handle(&call, params);
            session.end(&call.key, &call.scope);
        });
        if !is_running {
            self.end(&key, &scope);
            self.peer.log("warn", &no_thread("hook/notify").message, None, Map::new());
        }
    }

    fn begin(&self, key: String, params: Option<Box<RawValue>>, is_notification: bool) -> Result<(Call, CallParams), WireError> {
        let wrong = |why: String| WireError::invalid_params(format!("Cannot handle the event: {why}"));
        let text = params.as_ref().map_or("null", |params| params.get());
        if !text.starts_with('{') {
            return Err(wrong("its parameters must be an object".into()));
        }
        let params: CallParams = decode(text).map_err(|error| wrong(error.to_string()))?;
        let hook = cut(&params.hook, 200).to_string();
        let mut state = lock(&self.state);
        if state.is_stopping {
            return Err(WireError::new("PLUGIN_STOPPED", number::STOPPED, format!("Cannot handle \"{hook}\": the plugin is stopping")));
        }
        // The host bounds its calls by itself; a flood of notifications must not turn them away.
        let most = if is_notification { MOST_RUNNING } else { 2 * MOST_RUNNING };
        if state.running >= most {
            let text = format!("Cannot handle \"{hook}\": {} events are in flight already", state.running);
            return Err(WireError::new("SERVICE_BUSY", number::BUSY, text));
        }
        let granted = params.deadline_ms.filter(|_| !is_notification).and_then(duration);
        let scope = Scope::new(granted);
        let key = if is_notification { format!("notification {:p}", Arc::as_ptr(&scope)) } else { key };
        state.calls.insert(key.clone(), scope.clone());
        let event = Some(Arc::from(params.event.as_str()));
        let host = Host { peer: self.peer.clone(), scope: scope.clone(), config: state.config.clone(), event };
        Ok((Call { key, scope, host, hook }, params))
    }

    /// The answer as JSON, or the error to answer with; logged unless the handler only obeyed its cancellation.
    fn handle(&self, call: &Call, params: CallParams) -> Result<String, Error> {
        let event = params.event.clone();
        let result = catch(|| {
            // It may have waited for a thread.
            call.scope.check()?;
            let Some(handler) = self.plugin.handlers.get(&params.hook) else { return Ok("{}".into()) };
            let answer = handler(params, call.host.clone())?.into_json()?;
            Ok(String::from(Box::<str>::from(answer)))
        });
        result.map_err(|error| {
            let obeys = error.downcast_ref::<ServiceError>().is_some_and(|error| error.number == number::CANCELLED);
            if obeys && call.scope.check().is_err() {
                return WireError::cancelled().into();
            }
            self.log_error(&format!("handler of {} failed", call.hook), &error, Some(&event));
            error
        })
    }

    fn end(&self, key: &str, scope: &Arc<Scope>) {
        scope.end();
        let mut state = lock(&self.state);
        if state.calls.get(key).is_some_and(|known| Arc::ptr_eq(known, scope)) {
            state.calls.remove(key);
        }
    }
}

/// `None` for a time that never comes.
fn duration(milliseconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(milliseconds.max(0.0) / 1000.0).ok()
}
