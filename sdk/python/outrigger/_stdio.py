"""The process around a plugin: stdin and stdout are the wire, and nothing else comes near them."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections import deque

from ._errors import WireError
from ._framing import MessageReader, frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ._hooks import Handlers

_LEAVE_S = 1.5
_FLUSH_S = 0.5
_CHUNK = 65_536
"""Python gets room for more than 128 KiB from the system, and gives it back, at every read: three calls and the page faults."""
_MOST_QUEUED = 4_194_304
_wire: int | None = None


def guard_stdout() -> int:
    """From now on stdout belongs to the SDK: what the plugin prints, and what its child processes print, goes to stderr."""
    global _wire
    if _wire is None:
        sys.stdout.flush()
        _wire = os.dup(1)
        os.dup2(2, 1)
        if hasattr(sys.stdout, "reconfigure"):
            # Whole lines at once, and no locale in which printing fails.
            sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")
    return _wire


def _take_stdin() -> int:
    """The wire to read from; who reads stdin from now on, a child process too, finds it empty."""
    wire = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return wire


class Output:
    """Writes messages in order from any thread; what piles up behind a slow write leaves in one."""

    def __init__(self, fd: int, broken: Callable[[], None]) -> None:
        self._fd = fd
        self._broken = broken
        self._queue: deque[bytes] = deque()
        self._size = 0
        self._is_writing = False
        self._is_broken = False
        self._changed = threading.Condition(threading.Lock())

    def send(self, data: bytes) -> None:
        with self._changed:
            while self._size > _MOST_QUEUED and not self._is_broken:
                self._changed.wait()
            if self._is_broken:
                return
            self._queue.append(data)
            self._size += len(data)
            if self._is_writing:
                return
            self._is_writing = True
        self._drain()

    def flush(self, timeout: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._is_writing, timeout)

    def _drain(self) -> None:
        while True:
            with self._changed:
                data = b"".join(self._queue)
                self._queue.clear()
                self._size = 0
                self._is_writing = data != b""
                self._changed.notify_all()
            if not data:
                return
            try:
                _write_all(self._fd, data)
            except OSError:  # the host is gone
                with self._changed:
                    self._is_broken = True
                self._broken()


def _write_all(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(fd, rest) :]
        except BlockingIOError:  # whoever made the pipe made it so
            select.select((), (fd,), ())


class Process:
    """One plugin process from its first message to its end."""

    def __init__(self, handlers: Handlers) -> None:
        from ._runtime import Runtime

        self._input = _take_stdin()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._output = Output(guard_stdout(), self._leave_soon)
        self._reader = MessageReader(self._receive, self._skipped)
        self._runtime = Runtime(handlers, self._send, self._exit)
        os.register_at_fork(after_in_child=self._let_go)

    def run(self) -> None:
        """Serves until stdin ends, SIGTERM, or the host says `exit`; then ends the process."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, lambda *_: self._leave_soon())
            # Ctrl-C belongs to the application: the host decides what it means for plugins.
            signal.signal(signal.SIGINT, lambda *_: None)
        try:
            threading.Thread(target=self._watch, name="outrigger-watch", daemon=True).start()
            self._listen()
        except BaseException:
            from traceback import print_exc

            print_exc()
            self._end(1)
        self._end_at_the_latest(_LEAVE_S, 0)
        self._runtime.close()
        self._end(0)

    def _watch(self) -> None:
        """Sees the end coming even while the main thread is stuck in a write that nobody reads.

        The host is gone when stdin ends; the parent tells it too, should someone else hold the other end of stdin.
        """
        parent = os.getppid()
        poll = select.poll()
        poll.register(self._input, getattr(select, "POLLRDHUP", 0))
        poll.register(self._wake_read, select.POLLIN)
        while not poll.poll(1000):
            if os.getppid() != parent:
                self._leave_soon()
        time.sleep(_LEAVE_S)
        os._exit(0)

    def _listen(self) -> None:
        poll = select.poll()
        poll.register(self._input, select.POLLIN)
        poll.register(self._wake_read, select.POLLIN)
        while True:
            ready = [fd for fd, _ in poll.poll()]
            if self._wake_read in ready:
                return
            if self._input in ready:
                try:
                    chunk = os.read(self._input, _CHUNK)
                except BlockingIOError:
                    continue
                except OSError:
                    return
                if not chunk:
                    return
                self._reader.push(chunk)

    def _receive(self, data: bytes) -> None:
        try:
            self._runtime.peer.receive(data)
        except Exception as error:  # no thread to be had, for one; the next message may fare better
            self._runtime.log_error("a message could not be handled", error)
        self._reader.max_bytes = int(self._runtime.peer.max_bytes)

    def _send(self, data: bytes) -> None:
        self._output.send(frame(data, self._reader.framing))

    def _skipped(self, code: str, number: int, why: str) -> None:
        self._runtime.peer.refuse(None, WireError(code, number, f"Cannot read the message: {why}"))

    def _leave_soon(self) -> None:
        """From a signal handler or any thread: it takes no lock."""
        try:
            os.write(self._wake_write, b"x")
        except BlockingIOError:
            pass  # it was said often enough

    def _exit(self, code: int) -> None:
        self._end_at_the_latest(_LEAVE_S, code)
        self._end(code)

    def _let_go(self) -> None:
        """A forked copy of the plugin must neither write on the wire nor keep it open."""
        nothing = os.open(os.devnull, os.O_RDWR)
        for fd in (self._input, guard_stdout()):
            os.dup2(nothing, fd, inheritable=False)
        os.close(nothing)

    def _end_at_the_latest(self, seconds: float, code: int) -> None:
        timer = threading.Timer(seconds, os._exit, (code,))
        timer.daemon = True
        try:
            timer.start()
        except RuntimeError:
            pass  # no more threads allowed here: the host has clocks of its own

    def _end(self, code: int) -> None:
        """Not by sys.exit(): the interpreter would wait for threads, or end badly under those that still run."""
        self._output.flush(_FLUSH_S)
        import atexit

        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                pass  # nobody reads it any more
        os._exit(code)
