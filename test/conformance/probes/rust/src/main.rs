//! A plugin that does what the conformance kit asks for.
use outrigger::{Answer, Error, Event, Plugin, RawValue, Value, disable, json};
use serde::Deserialize;
use std::time::Duration;

#[derive(Deserialize)]
struct Request {
    #[serde(rename = "do", default)]
    what: String,
    #[serde(default)]
    ms: u64,
    value: Option<Box<RawValue>>,
}

fn main() {
    Plugin::new()
        .setup(|host| match host.config::<Value>()?["disable"].as_str() {
            Some(reason) => Err(disable(reason)),
            None => Ok(()),
        })
        .on("probe.call", probe)
        .serve();
}

fn probe(ev: Event<Request>) -> Result<Answer, Error> {
    let Request { what, ms, value } = &ev.payload;
    match what.as_str() {
        "echo" => return Ok(Answer::replace(value)),
        "modify" => return Ok(Answer::modify(json!({ "value": "modified" }))),
        "block" => return Ok(Answer::block("probe", "the payload says so")),
        "fail" => panic!("the payload says so"),
        "wait" => ev.cancellation().sleep(Duration::from_millis(*ms))?,
        "log" => {
            ev.log().with("level", "debug").debug("at debug");
            ev.log().with("level", "info").info("at info");
            ev.log().with("level", "warn").warn("at warn");
            ev.log().with("level", "error").error("at error");
        }
        "progress" => ev.progress("half", Some(50.0)),
        "print" => println!("printed"),
        "config" => return Ok(Answer::replace(ev.config::<Value>()?)),
        "storage" => {
            ev.storage().set("probe", value)?;
            return Ok(Answer::replace(ev.storage().get::<Value>("probe")?));
        }
        _ => {}
    }
    Ok(Answer::proceed())
}
