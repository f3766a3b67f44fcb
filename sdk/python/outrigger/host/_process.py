"""A host of the application's own: the `outrigger` program as a child process."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import threading

from ._errors import HostGone
from ._link import Link

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HOW_IT_ENDED_S = 0.5


class ProcessLink(Link):
    """Ends with the process, and the process with it: the host leaves when its stdin ends, however the application does."""

    def __init__(self, stream: socket.socket, process: subprocess.Popen[bytes]) -> None:
        super().__init__(stream)
        self._process = process
        self._exited = threading.Event()
        self._threads.append(threading.Thread(target=self._watch, name="outrigger-watcher", daemon=True))

    def close(self, timeout: float) -> None:
        """Waits until the host has ended, and its plugins with it; after `timeout` it is killed. Idempotent."""
        self.abandon()
        if self._is_lost:
            return
        try:
            self._exited.wait(timeout)
        finally:
            self.kill()

    def kill(self) -> None:
        if not self._exited.is_set():
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass  # it ended just now
        self._writer.join(_HOW_IT_ENDED_S * 2)

    def lost_by_fork(self) -> None:
        super().lost_by_fork()
        self._process.returncode = 0  # no child of this process: there is nothing to wait for

    def _watch(self) -> None:
        self._process.wait()
        self._exited.set()
        # What it wrote last is still read, but nobody who inherited its end of the stream is waited for.
        self._reader.join(_HOW_IT_ENDED_S)
        self._shut()

    def _ended(self, why: str) -> None:
        self._exited.wait(_HOW_IT_ENDED_S)
        code = self._process.returncode
        how = "closed its stdout" if code is None else f"ended with code {code}" if code >= 0 else f"was ended by {_signal_name(-code)}"
        said = f", it had printed {self.stray!r}" if self.stray else ""
        self.end(f"Cannot go on with the host: it {how}{said}")


def start_process(command: Sequence[str], cwd: str | None, env: Mapping[str, str] | None) -> ProcessLink:
    """Its stderr is ours. In a session of its own, so that Ctrl-C is the application's to handle. Raises HostGone."""
    ours, theirs = socket.socketpair()
    try:
        process = subprocess.Popen(command, stdin=theirs.fileno(), stdout=theirs.fileno(), cwd=cwd, env=env, start_new_session=True)
    except OSError as error:
        ours.close()
        raise HostGone(f'Cannot start the host "{shlex.join(command)}": {error}') from error
    finally:
        theirs.close()
    link = ProcessLink(ours, process)
    try:
        link.start()
    except RuntimeError as error:  # no thread to be had
        process.kill()
        process.wait()
        ours.close()
        raise HostGone(f"Cannot start the host: {error}") from error
    return link


def find_command(command: str | Sequence[str] | None, env: Mapping[str, str]) -> list[str]:
    """The `outrigger` program: as given, OUTRIGGER_BIN (several words are fine), or on the PATH. Not out of the folder we are in:
    what lies in a folder that somebody merely walked into must not be run."""
    said = command or env.get("OUTRIGGER_BIN")
    if said:
        return shlex.split(said) if isinstance(said, str) else list(said)
    found = shutil.which("outrigger", path=env.get("PATH"))
    if found:
        return [found]
    why = 'there is no "outrigger" on the PATH; run "npm install --global outrigger", or set OUTRIGGER_BIN to its command'
    raise HostGone(f"Cannot start the host: {why}", "HOST_NOT_FOUND")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
