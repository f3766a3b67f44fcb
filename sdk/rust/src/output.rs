use crate::json::lock;
use std::io::Write;
use std::sync::{Condvar, Mutex, MutexGuard};

/// Lets one message of the largest size wait; who sends more waits for the host to read.
const MOST_QUEUED_BYTES: usize = 16 << 20;
const KEPT_BUFFER_BYTES: usize = 1 << 20;

/// Messages on their way to the host: what is sent while a write goes on leaves together in the next one.
#[derive(Default)]
pub(crate) struct Output {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    bytes: Vec<u8>,
    has_headers: Option<bool>,
    is_writing: bool,
    has_failed: bool,
}

impl Output {
    /// Fixes the framing, once: that of the host's first message.
    pub fn frame_as(&self, has_headers: bool) {
        lock(&self.queue).has_headers.get_or_insert(has_headers);
    }

    pub fn send(&self, message: &str) {
        let mut queue = self.wait_while(|queue| queue.bytes.len() > MOST_QUEUED_BYTES);
        if queue.has_failed {
            return;
        }
        if queue.has_headers == Some(true) {
            let header = format!("Content-Length: {}\r\n\r\n", message.len());
            queue.bytes.extend_from_slice(header.as_bytes());
            queue.bytes.extend_from_slice(message.as_bytes());
        } else {
            queue.bytes.extend_from_slice(message.as_bytes());
            queue.bytes.push(b'\n');
        }
        self.changed.notify_all();
    }

    /// Writes what is sent until a write fails: nobody reads any more.
    pub fn run(&self, mut out: impl Write) {
        let mut batch = Vec::new();
        loop {
            let mut queue = lock(&self.queue);
            while queue.bytes.is_empty() {
                queue = self.changed.wait(queue).unwrap_or_else(|error| error.into_inner());
            }
            std::mem::swap(&mut queue.bytes, &mut batch);
            queue.is_writing = true;
            drop(queue);
            let written = out.write_all(&batch).and_then(|()| out.flush());
            batch.clear();
            batch.shrink_to(KEPT_BUFFER_BYTES);
            let mut queue = lock(&self.queue);
            queue.is_writing = false;
            queue.has_failed = written.is_err();
            self.changed.notify_all();
            if queue.has_failed {
                return;
            }
        }
    }

    /// Returns when all that was sent is written, or cannot be.
    pub fn flush(&self) {
        drop(self.wait_while(|queue| queue.is_writing || !queue.bytes.is_empty()));
    }

    fn wait_while(&self, is_waiting: impl Fn(&Queue) -> bool) -> MutexGuard<'_, Queue> {
        let condition = |queue: &mut Queue| !queue.has_failed && is_waiting(queue);
        self.changed.wait_while(lock(&self.queue), condition).unwrap_or_else(|error| error.into_inner())
    }
}
