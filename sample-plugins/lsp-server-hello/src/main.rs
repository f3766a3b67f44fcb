//! An Outrigger plugin on lsp-server, the library under rust-analyzer, unchanged and over Content-Length.

use lsp_server::{ErrorCode, Message, Request, Response};
use serde_json::{json, Value};
use std::io::{self, ErrorKind};

/// The answer to one event. {} means: go on.
fn handle(hook: &Value) -> Value {
    if hook == "conda.pre_command" {
        json!({ "action": "modify", "changes": { "env": { "HELLO_LSP_SERVER": "from lsp-server" } } })
    } else {
        json!({})
    }
}

fn answer(Request { id, method, params }: Request) -> Response {
    match method.as_str() {
        "hook/invoke" => Response::new_ok(id, handle(&params["hook"])),
        "initialize" | "ping" | "shutdown" => Response::new_ok(id, json!({})),
        _ => Response::new_err(
            id,
            ErrorCode::MethodNotFound as i32,
            format!("Cannot handle {method:?}: this plugin has no such method"),
        ),
    }
}

fn main() -> io::Result<()> {
    let (mut stdin, mut stdout) = (io::stdin().lock(), io::stdout().lock());
    loop {
        // Not its `Connection`: that one ends at the first message it cannot read, and shakes hands as language servers do.
        match Message::read(&mut stdin) {
            Ok(Some(Message::Request(request))) => {
                Message::from(answer(request)).write(&mut stdout)?
            }
            Ok(Some(Message::Notification(told))) if told.method == "exit" => return Ok(()),
            Ok(Some(_)) => {}
            Ok(None) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                eprintln!("skipped a message: {error}")
            }
            Err(error) => return Err(error),
        }
    }
}
