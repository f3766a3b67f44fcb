//! The Rust plugin of the soak: one line of the ledger for each call, written before it is answered.

use std::{fs::OpenOptions, io::Write, process, sync::Mutex, thread, time::Duration};

use outrigger::{Answer, Error, Event, Plugin};
use serde::Deserialize;

#[derive(Deserialize)]
struct Payload {
    client: String,
    n: i64,
}

fn main() {
    let path = std::env::var("SOAK_LEDGER").expect("the soak names a ledger");
    let ledger = Mutex::new(OpenOptions::new().append(true).create(true).open(path).expect("the ledger can be written"));
    let heard = move |ev: Event<Payload>| -> Result<Answer, Error> {
        let Payload { client, n } = &ev.payload;
        let line = format!("{} {} {client} {n} {} {}\n", ev.id, ev.hook, process::id(), ev.attempt);
        ledger.lock().expect("nobody panics with the ledger").write_all(line.as_bytes())?;
        if n % 10 == 0 {
            thread::sleep(Duration::from_millis(20));
        }
        Ok(Answer::proceed())
    };
    let heard = std::sync::Arc::new(heard);
    let mut plugin = Plugin::new();
    for hook in ["soak.step", "soak.lookup", "soak.note"] {
        let heard = heard.clone();
        plugin = plugin.on(hook, move |ev| heard(ev));
    }
    plugin.serve();
}
