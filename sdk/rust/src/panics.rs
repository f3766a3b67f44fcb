use crate::error::{Error, cut};
use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

const MOST_STACK_CHARACTERS: usize = 16 << 10;

/// What a handler panicked with.
#[derive(Debug)]
pub(crate) struct Panicked {
    pub message: String,
    pub location: String,
    pub stack: String,
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panic at {}: {}", self.location, self.message)
    }
}

impl std::error::Error for Panicked {}

thread_local! {
    static IS_CATCHING: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Option<Panicked>> = const { RefCell::new(None) };
}

/// Runs code of the plugin's; a panic in it becomes an error with its place and its stack.
pub(crate) fn catch<T>(run: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    keep_what_panics_say();
    let before = IS_CATCHING.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(run));
    IS_CATCHING.set(before);
    result.unwrap_or_else(|_| Err(LAST.take().map_or_else(|| "panic".into(), Into::into)))
}

/// Where the panic happened is known to the hook only. Panics elsewhere go the way they went before.
fn keep_what_panics_say() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if IS_CATCHING.get() {
                LAST.set(Some(describe(info)));
            } else {
                others(info);
            }
        }));
    });
}

fn describe(info: &PanicHookInfo<'_>) -> Panicked {
    let payload = info.payload();
    let text = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied());
    let stack = Backtrace::force_capture().to_string();
    Panicked {
        message: text.unwrap_or("a value that is no text").to_string(),
        location: info.location().map_or_else(String::new, ToString::to_string),
        stack: cut(&stack, MOST_STACK_CHARACTERS).to_string(),
    }
}
