use crate::error::{ServiceError, number};
use crate::json::lock;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

pub(crate) type Reply = Result<Box<RawValue>, ServiceError>;

/// A call in flight, or the plugin as a whole: what waits for answers of the host, and what cancels the waiting.
pub(crate) struct Scope {
    granted: Option<Duration>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    ends: Option<Instant>,
    cancelled: Option<&'static str>,
    has_ended: bool,
    replies: HashMap<u64, Option<Reply>>,
}

impl State {
    fn cancelled(&self) -> Option<&'static str> {
        let is_over = self.ends.is_some_and(|ends| Instant::now() >= ends);
        self.cancelled.or(is_over.then_some("The deadline of the call is over"))
    }
}

impl Scope {
    /// Without a grant it has no deadline.
    pub(crate) fn new(granted: Option<Duration>) -> Arc<Self> {
        let ends = granted.and_then(|granted| Instant::now().checked_add(granted));
        let state = State { ends, cancelled: None, has_ended: false, replies: HashMap::new() };
        Arc::new(Self { granted, state: Mutex::new(state), changed: Condvar::new() })
    }

    pub(crate) fn cancel(&self, why: &'static str) {
        lock(&self.state).cancelled.get_or_insert(why);
        self.changed.notify_all();
    }

    pub(crate) fn end(&self) {
        lock(&self.state).has_ended = true;
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        lock(&self.state).ends
    }

    /// Begins the deadline anew; false when the call is over and nothing may be said about it any more.
    pub(crate) fn restart(&self) -> bool {
        let mut state = lock(&self.state);
        if state.has_ended {
            return false;
        }
        if state.cancelled().is_none() {
            state.ends = self.granted.and_then(|granted| Instant::now().checked_add(granted));
        }
        true
    }

    pub(crate) fn check(&self) -> Result<(), ServiceError> {
        lock(&self.state).cancelled().map_or(Ok(()), |why| Err(cancelled(why)))
    }

    /// Waits that long; fails as soon as the scope is cancelled.
    pub(crate) fn sleep(&self, wait: Duration) -> Result<(), ServiceError> {
        let ends = Instant::now().checked_add(wait);
        self.wait(ends, |_| None::<()>).map(|_| ())
    }

    pub(crate) fn expect(&self, id: u64) {
        lock(&self.state).replies.insert(id, None);
    }

    pub(crate) fn forget(&self, id: u64) {
        lock(&self.state).replies.remove(&id);
    }

    pub(crate) fn deliver(&self, id: u64, reply: Reply) {
        if let Some(slot) = lock(&self.state).replies.get_mut(&id) {
            *slot = Some(reply);
        }
        self.changed.notify_all();
    }

    /// The outer error says that the scope was cancelled before the host answered.
    pub(crate) fn reply(&self, id: u64) -> Result<Reply, ServiceError> {
        let found = self.wait(None, |state| state.replies.get_mut(&id)?.take())?;
        Ok(found.unwrap_or_else(|| Err(ServiceError::internal("Cannot wait for the host: the request is unknown".into()))))
    }

    fn wait<T>(&self, until: Option<Instant>, mut find: impl FnMut(&mut State) -> Option<T>) -> Result<Option<T>, ServiceError> {
        let mut state = lock(&self.state);
        loop {
            if let Some(found) = find(&mut state) {
                return Ok(Some(found));
            }
            if let Some(why) = state.cancelled() {
                return Err(cancelled(why));
            }
            let now = Instant::now();
            if until.is_some_and(|until| now >= until) {
                return Ok(None);
            }
            let next = until.into_iter().chain(state.ends).min();
            let pause = next.map_or(Duration::from_secs(3600), |next| next - now);
            state = self.changed.wait_timeout(state, pause).unwrap_or_else(|error| error.into_inner()).0;
        }
    }
}

fn cancelled(why: &str) -> ServiceError {
    ServiceError::new("EVENT_CANCELLED", number::CANCELLED, why)
}

/// Says when an answer is not needed any more: cancelled, deadline over, host gone. Clone it into the threads that work for a handler.
#[derive(Clone)]
pub struct Cancellation(pub(crate) Arc<Scope>);

impl Cancellation {
    /// True from the moment on when the answer is not needed any more.
    pub fn is_cancelled(&self) -> bool {
        self.0.check().is_err()
    }

    /// Fails with `EVENT_CANCELLED` when the answer is not needed any more; put `?` behind it between steps of long work.
    pub fn check(&self) -> Result<(), ServiceError> {
        self.0.check()
    }

    /// Waits that long, or fails with `EVENT_CANCELLED` as soon as the answer is not needed any more.
    pub fn sleep(&self, wait: Duration) -> Result<(), ServiceError> {
        self.0.sleep(wait)
    }
}
