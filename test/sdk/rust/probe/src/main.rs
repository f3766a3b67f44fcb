//! A plugin that does what the conformance kit asks for, and what the SDK must survive.

use outrigger::{Answer, Error, Event, Host, Plugin, RawValue, Value, disable};
use serde::Deserialize;
use std::process::Command;
use std::time::Duration;

#[derive(Deserialize)]
struct Request {
    r#do: String,
    #[serde(default)]
    ms: u64,
    value: Option<Box<RawValue>>,
}

fn main() {
    Plugin::new().setup(set_up).on("probe.call", probe).serve();
}

fn set_up(host: &Host) -> Result<(), Error> {
    println!("printed while starting");
    match host.config::<Value>()?["disable"].as_str() {
        Some(reason) => Err(disable(reason)),
        None => Ok(()),
    }
}

fn probe(ev: Event<Request>) -> Result<Answer, Error> {
    let asked = &ev.payload;
    match asked.r#do.as_str() {
        "echo" => return Ok(Answer::replace(&asked.value)),
        "modify" => return Ok(Answer::modify(outrigger::json!({ "value": "modified" }))),
        "block" => return Ok(Answer::block("probe", "the payload says so")),
        "fail" => return Err("the payload says so".into()),
        "panic" => panic!("the payload says so"),
        "wait" => ev.cancellation().sleep(Duration::from_millis(asked.ms))?,
        "stuck" => std::thread::sleep(Duration::from_secs(3600)),
        "log" => {
            ev.log().with("level", "debug").debug("at debug");
            ev.log().with("level", "info").info("at info");
            ev.log().with("level", "warn").warn("at warn");
            ev.log().with("level", "error").error("at error");
        }
        "progress" => ev.progress("half", Some(50.0)),
        "print" => println!("printed"),
        "child" => drop(Command::new("sh").args(["-c", "cat; echo printed by a child"]).status()?),
        "config" => return Ok(Answer::replace(ev.config::<Value>()?)),
        "storage" => {
            ev.storage().set("probe", &asked.value)?;
            return Ok(Answer::replace(ev.storage().get::<Value>("probe")?));
        }
        _ => {}
    }
    Ok(Answer::proceed())
}
