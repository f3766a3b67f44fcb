use outrigger::{Answer, Error, Event, Plugin, conda::PreCommand, json};

fn main() {
    Plugin::new().on("conda.pre_command", hello).serve();
}

fn hello(ev: Event<PreCommand>) -> Result<Answer, Error> {
    ev.log().info(format!("Hello from Rust, {} is about to run", ev.payload.command));
    Ok(Answer::modify(json!({ "env": { "HELLO_RUST": "from Rust" } })))
}

#[cfg(test)]
mod tests;
