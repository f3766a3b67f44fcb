use crate::framing::{MessageReader, Next};
use crate::output::Output;
use crate::plugin::Plugin;
use crate::session::Session;
use crate::stdio;
use std::io::{BufReader, IsTerminal, Read, Write};
use std::process::exit;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

/// What handlers have to settle when the host is gone, and what everything after them has.
const SETTLE_GRACE: Duration = Duration::from_millis(500);
const LEAVE_GRACE: Duration = Duration::from_millis(1000);
const READ_BYTES: usize = 64 << 10;

/// What ends the process, as one byte: a signal handler can say no more.
pub(crate) const LEAVE: u8 = b'l';
const EXIT: u8 = b'x';

/// True in a process that a host started.
pub(crate) fn is_under_host() -> bool {
    std::env::var_os("OUTRIGGER_PLUGIN").is_some()
}

pub(crate) fn serve(plugin: Plugin) -> ! {
    if !is_under_host() && std::io::stdin().is_terminal() {
        explain_and_exit(&plugin);
    }
    let (input, out) = stdio::take();
    let (wait, ends) = stdio::ending().unwrap_or_else(|error| fail("open a pipe", &error));
    stdio::handle_signals(&ends);
    let output = Arc::new(Output::default());
    let sender = output.clone();
    let session = Session::new(plugin, Box::new(move |message| sender.send(message)));
    let (writing, writer_ends) = (output.clone(), ends.clone());
    start("outrigger-writer", move || {
        writing.run(out);
        writer_ends.end(LEAVE);
    });
    let (reading, framing) = (session.clone(), output.clone());
    start("outrigger-reader", move || {
        let says_exit = read(&reading, &framing, input);
        ends.end(if says_exit { EXIT } else { LEAVE });
    });
    leave(&session, &output, wait() == EXIT);
    exit(0)
}

/// Feeds the session until the stream ends; true when the host said `exit`.
fn read(session: &Arc<Session>, output: &Output, input: impl Read) -> bool {
    let mut reader = MessageReader::new(BufReader::with_capacity(READ_BYTES, input));
    loop {
        match reader.next(session.peer.max_bytes()) {
            Err(_) => return false,
            Ok(Next::Skipped(error)) => session.peer.refuse("null", &error),
            Ok(Next::Message { text, has_headers }) => {
                output.frame_as(has_headers);
                if session.receive(&text) {
                    return true;
                }
            }
        }
    }
}

fn leave(session: &Arc<Session>, output: &Arc<Output>, says_exit: bool) {
    session.stop();
    session.cancel_all("The host is gone");
    if !says_exit {
        session.wait_idle(SETTLE_GRACE);
    }
    let (session, output) = (session.clone(), output.clone());
    let (done, is_done) = mpsc::channel();
    let work = move || {
        if !says_exit {
            session.run_shutdown();
        }
        output.flush();
        let _ = done.send(());
    };
    if thread::Builder::new().spawn(work).is_ok() {
        let _ = is_done.recv_timeout(LEAVE_GRACE);
    }
}

fn start(name: &str, run: impl FnOnce() + Send + 'static) {
    if let Err(error) = thread::Builder::new().name(name.into()).spawn(run) {
        fail("start a thread", &error);
    }
}

fn fail(what: &str, error: &std::io::Error) -> ! {
    let _ = writeln!(std::io::stderr(), "Cannot {what}: {error}");
    exit(1)
}

fn explain_and_exit(plugin: &Plugin) -> ! {
    let _ = writeln!(
        std::io::stderr(),
        "This is an Outrigger plugin for {}, not a program of its own: add its folder to outrigger.yaml and start the application, or call it in memory with outrigger::testing",
        plugin.hooks().join(", ")
    );
    exit(1)
}
