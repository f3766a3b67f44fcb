use crate::json::lock;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

pub(crate) type Task = Box<dyn FnOnce() + Send>;

/// Threads for handlers, started when they are needed and never more than a bound; further tasks wait. A task must not panic.
pub(crate) struct Pool(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    tasks: VecDeque<Task>,
    most: usize,
    workers: usize,
    idle: usize,
    is_closed: bool,
}

impl Pool {
    pub fn new(most: usize) -> Self {
        let state = State { tasks: VecDeque::new(), most, workers: 0, idle: 0, is_closed: false };
        Self(Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() }))
    }

    pub fn set_most(&self, most: usize) {
        lock(&self.0.state).most = most;
    }

    /// False when there is no thread and none can be started: then the task is dropped.
    #[must_use]
    pub fn submit(&self, task: Task) -> bool {
        let mut state = lock(&self.0.state);
        state.tasks.push_back(task);
        if state.idle < state.tasks.len() && state.workers < state.most {
            let shared = self.0.clone();
            if thread::Builder::new().name("outrigger-handler".into()).spawn(move || shared.work()).is_ok() {
                state.workers += 1;
            } else if state.workers == 0 {
                state.tasks.pop_back();
                return false;
            }
        }
        self.0.changed.notify_one();
        true
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        lock(&self.0.state).is_closed = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn work(&self) {
        let mut state = lock(&self.state);
        while !state.is_closed {
            if let Some(task) = state.tasks.pop_front() {
                drop(state);
                task();
                state = lock(&self.state);
            } else {
                state.idle += 1;
                state = self.changed.wait(state).unwrap_or_else(|error| error.into_inner());
                state.idle -= 1;
            }
        }
    }
}
