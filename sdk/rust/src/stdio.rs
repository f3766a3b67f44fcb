//! The streams of the wire, kept apart from what the plugin and its children read and print.

pub(crate) use platform::{ending, guard, handle_signals, take};

#[cfg(unix)]
mod platform {
    use crate::serve::LEAVE;
    use std::fs::File;
    use std::io::{Error, Read, Result, Write};
    use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
    use std::sync::atomic::{AtomicI32, Ordering::Relaxed};
    use std::sync::{Arc, Mutex, OnceLock};

    const SIGINT: i32 = 2;
    const SIGTERM: i32 = 15;
    static WIRE: OnceLock<Mutex<Option<(File, File)>>> = OnceLock::new();
    static ENDS: AtomicI32 = AtomicI32::new(-1);

    unsafe extern "C" {
        fn pipe(ends: *mut RawFd) -> i32;
        fn dup2(from: RawFd, to: RawFd) -> RawFd;
        fn signal(number: i32, handler: extern "C" fn(i32)) -> usize;
        fn write(to: RawFd, bytes: *const u8, count: usize) -> isize;
    }

    /// Moves the wire to descriptors that no child inherits; from now on stdout leads to stderr, and stdin is empty.
    pub(crate) fn guard() {
        WIRE.get_or_init(|| Mutex::new(move_wire().ok()));
    }

    fn move_wire() -> Result<(File, File)> {
        let input = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
        let out = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
        let nothing = File::open("/dev/null");
        // SAFETY: plain system calls on descriptors that are open for as long as the process lives.
        unsafe {
            dup2(2, 1);
            if let Ok(nothing) = nothing {
                dup2(nothing.as_raw_fd(), 0);
            }
        }
        Ok((input, out))
    }

    /// # Panics
    /// When it was taken before: one process is one plugin.
    pub(crate) fn take() -> (File, File) {
        guard();
        let wire = WIRE.get().and_then(|wire| crate::json::lock(wire).take());
        wire.expect("Cannot serve a second plugin: one process is one plugin, and its stdin and stdout must be open")
    }

    /// Says from any thread that the process shall end.
    #[derive(Clone)]
    pub(crate) struct Ends(Arc<File>);

    impl Ends {
        pub fn end(&self, how: u8) {
            let _ = (&*self.0).write_all(&[how]);
        }
    }

    /// What waits until the process shall end, and what says so: the ends of a pipe, because a signal handler may write to that.
    pub(crate) fn ending() -> Result<(impl FnOnce() -> u8, Ends)> {
        let mut ends = [-1; 2];
        // SAFETY: it fills in two descriptors, which nobody else owns.
        let [out, input] = match unsafe { pipe(ends.as_mut_ptr()) } {
            0 => ends.map(|end| unsafe { OwnedFd::from_raw_fd(end) }),
            _ => return Err(Error::last_os_error()),
        };
        // Copies made by the standard library are closed in children; the originals are closed here.
        let (mut out, input) = (File::from(out.try_clone()?), File::from(input.try_clone()?));
        let wait = move || {
            let mut how = [LEAVE];
            let _ = out.read_exact(&mut how);
            how[0]
        };
        Ok((wait, Ends(Arc::new(input))))
    }

    /// SIGTERM ends the process as the end of stdin does; Ctrl-C belongs to the application.
    pub(crate) fn handle_signals(ends: &Ends) {
        if let Ok(ends) = ends.0.try_clone() {
            ENDS.store(OwnedFd::from(ends).into_raw_fd(), Relaxed);
        }
        // SAFETY: the handlers only write to a descriptor that stays open. They are handlers and not SIG_IGN, which children would inherit.
        unsafe {
            signal(SIGTERM, leave);
            signal(SIGINT, nothing);
        }
    }

    extern "C" fn leave(_: i32) {
        // SAFETY: `write` may be called in a signal handler.
        unsafe {
            write(ENDS.load(Relaxed), &LEAVE, 1);
        }
    }

    extern "C" fn nothing(_: i32) {}
}

#[cfg(not(unix))]
mod platform {
    use crate::serve::LEAVE;
    use std::io::{Result, Stdin, Stdout};
    use std::sync::mpsc::{Sender, channel};

    #[derive(Clone)]
    pub(crate) struct Ends(Sender<u8>);

    impl Ends {
        pub fn end(&self, how: u8) {
            let _ = self.0.send(how);
        }
    }

    pub(crate) fn ending() -> Result<(impl FnOnce() -> u8, Ends)> {
        let (sender, receiver) = channel();
        Ok((move || receiver.recv().unwrap_or(LEAVE), Ends(sender)))
    }

    pub(crate) fn guard() {}

    pub(crate) fn take() -> (Stdin, Stdout) {
        (std::io::stdin(), std::io::stdout())
    }

    pub(crate) fn handle_signals(_: &Ends) {}
}
