//! The Rust plugin of the benchmark: it goes on.

use outrigger::{Answer, Error, Event, Plugin};
use serde::Deserialize;

#[derive(Deserialize)]
#[expect(dead_code, reason = "read for its cost")]
struct Payload {
    id: String,
    items: Vec<Item>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read for its cost")]
struct Item {
    n: i64,
    text: String,
}

fn main() {
    Plugin::new().on("bench.event", event).serve();
}

fn event(_: Event<Payload>) -> Result<Answer, Error> {
    Ok(Answer::proceed())
}
