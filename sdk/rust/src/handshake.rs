use crate::error::{Error, WireError, declined, number};
use crate::json::{decode, lock};
use crate::session::Session;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, json};
use std::sync::Arc;

const PROTOCOL: i64 = 1;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Params {
    protocols: Vec<i64>,
    config: Option<Box<RawValue>>,
    hooks: Vec<String>,
    limits: Limits,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Limits {
    max_message_bytes: Option<usize>,
    concurrency: Option<usize>,
}

/// Takes what the handshake says, once, and gives the hook points the plugin will be asked for.
pub(crate) fn greet(session: &Session, params: Option<&RawValue>) -> Result<Vec<String>, WireError> {
    let params: Params = match params {
        Some(params) => decode(params.get()).map_err(|error| WireError::invalid_params(format!("Cannot initialize: {error}")))?,
        None => Params::default(),
    };
    speaks(&params.protocols)?;
    let mut state = lock(&session.state);
    if state.is_greeted {
        return Err(WireError::new("REQUEST_INVALID", number::REQUEST_INVALID, "Cannot initialize: it was done already"));
    }
    state.is_greeted = true;
    if let Some(config) = params.config {
        state.config = config.get().into();
    }
    drop(state);
    if let Some(bytes) = params.limits.max_message_bytes.filter(|bytes| *bytes > 0) {
        session.peer.set_max_bytes(bytes);
    }
    session.set_concurrency(params.limits.concurrency.unwrap_or(1));
    Ok(params.hooks)
}

fn speaks(protocols: &[i64]) -> Result<(), WireError> {
    if protocols.is_empty() || protocols.contains(&PROTOCOL) {
        return Ok(());
    }
    let too_old = if protocols.iter().all(|protocol| *protocol > PROTOCOL) { "plugin’s SDK" } else { "host" };
    let spoken = protocols.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let text = format!("Cannot initialize: the host speaks protocol {spoken}, this SDK {PROTOCOL}; the {too_old} is too old");
    Err(WireError::new("PROTOCOL_UNSUPPORTED", number::PROTOCOL, text))
}

/// Runs the plugin's `setup` and gives the answer to `initialize`.
pub(crate) fn set_up(session: &Arc<Session>, hooks: &[String]) -> Result<String, Error> {
    warn_of_missing(session, hooks);
    let result = crate::panics::catch(|| session.plugin.setup.as_ref().map_or(Ok(()), |setup| setup(&session.host())));
    let Err(error) = result else { return Ok(json!({ "protocol": PROTOCOL }).to_string()) };
    if let Some(reason) = declined(&error) {
        return Ok(json!({ "protocol": PROTOCOL, "disable": reason }).to_string());
    }
    session.log_error("setup failed", &error, None);
    Err(error)
}

/// A name that is misspelt in the manifest or here would otherwise pass as "go on".
fn warn_of_missing(session: &Session, asked: &[String]) {
    let missing: Vec<&str> = asked.iter().filter(|hook| !session.plugin.handlers.contains_key(*hook)).map(String::as_str).collect();
    if missing.is_empty() {
        return;
    }
    let hooks = session.plugin.hooks().join(", ");
    let handled = if hooks.is_empty() { "none" } else { &hooks };
    let text = format!("no handler for {}, which the manifest subscribes to; there are handlers for: {handled}", missing.join(", "));
    session.peer.log("warn", &text, None, Map::new());
}
