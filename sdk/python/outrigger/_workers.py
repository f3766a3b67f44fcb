"""Where handlers run: sync ones in a pool of threads, async ones on one loop. Both start when they are first needed."""

from __future__ import annotations

import threading
import time
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine
    from typing import Any


class Workers:
    """Threads that never keep the process alive. A pool of our own: concurrent.futures waits for its threads at the end."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._jobs: deque[Callable[[], None]] = deque()
        self._changed = threading.Condition(threading.Lock())
        self._idle = 0
        self._count = 0
        self._closed = False

    def submit(self, job: Callable[[], None]) -> None:
        with self._changed:
            self._jobs.append(job)
            if self._idle >= len(self._jobs):
                self._changed.notify()
            elif self._count < self.most:
                self._grow(job)

    def close(self) -> None:
        """Threads end when the jobs are done."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _grow(self, job: Callable[[], None]) -> None:
        thread = threading.Thread(target=self._work, name=f"outrigger-{self._count + 1}", daemon=True)
        try:
            thread.start()
            self._count += 1
        except RuntimeError:  # no more threads allowed here: those there are do the job, if there are any
            if self._count == 0:
                self._jobs.remove(job)
                raise

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._jobs:
                    if self._closed or self._count > self.most:
                        self._count -= 1
                        return
                    self._idle += 1
                    self._changed.wait()
                    self._idle -= 1
                job = self._jobs.popleft()
            job()


class Later:
    """Runs jobs after one and the same delay, in their order, on a thread that starts when it is first needed."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._jobs: deque[tuple[float, Callable[[], None]]] = deque()
        self._changed = threading.Condition(threading.Lock())
        self._is_started = False
        self._closed = False

    def run(self, job: Callable[[], None]) -> None:
        with self._changed:
            self._jobs.append((time.monotonic() + self._delay, job))
            self._changed.notify()
            if self._is_started:
                return
            try:
                threading.Thread(target=self._work, name="outrigger-later", daemon=True).start()
                self._is_started = True
            except RuntimeError:  # no more threads allowed here; the next one tries again
                pass

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._jobs or self._closed)
                if self._closed:
                    return
                due, job = self._jobs.popleft()
            time.sleep(max(0.0, due - time.monotonic()))
            job()


class Loop:
    """An asyncio loop in a thread of its own, so that a plugin without async handlers never imports asyncio."""

    def __init__(self, unhandled: Callable[[str, BaseException], None]) -> None:
        self._unhandled = unhandled
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def run(self, coroutine: Coroutine[Any, Any, None], started: Callable[[Callable[[], object]], None]) -> None:
        """Starts it as a task; `started` is given the function that cancels it."""

        def start() -> None:
            task = self._get().create_task(coroutine)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            started(task.cancel)

        self._get().call_soon_threadsafe(start)

    def wait_for(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Runs it and waits for its result. Not for the loop's own thread."""
        import asyncio

        return asyncio.run_coroutine_threadsafe(coroutine, self._get()).result()

    def call_soon(self, callback: Callable[[], object]) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(callback)

    def close(self) -> None:
        self._closed = True
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(1)

    def _get(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                import asyncio

                loop = asyncio.new_event_loop()
                loop.set_exception_handler(self._report)
                thread = threading.Thread(target=self._work, args=(loop,), name="outrigger-loop", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    loop.close()
                    raise
                self._loop, self._thread = loop, thread
            return self._loop

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._closed:
            try:
                loop.run_forever()
            except BaseException as error:  # sys.exit() in a task of the plugin's own
                self._unhandled("a task ended the loop", error)
        loop.close()

    def _report(self, _loop: object, context: dict[str, Any]) -> None:
        error = context.get("exception") or RuntimeError(context["message"])
        self._unhandled("unhandled exception", error)
