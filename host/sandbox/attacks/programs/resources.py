"""Attacks on what all processes share: memory, processors, disk. Each is bounded: at most 2 GiB, 500 processes, 1 GiB of disk."""

import ctypes
import mmap
import os
import resource
import tempfile
import threading
import time

from kit import Denied, Skipped, attack

MB = 1 << 20
CHUNK = 16 * MB


def more_than(limit):
    """What is clearly beyond a limit in MiB, and bearable without one."""
    return min(2048, max(limit * 2, limit + 256))


def fill(page, size):
    """Touches every page: untouched memory is no memory."""
    for at in range(0, size, 4096):
        page[at] = 1


@attack('res.memory', 'cgroup', 'Takes twice the memory it may', bomb=True, ends=True)
def memory(f):
    held = []
    for _ in range(0, more_than(f['limits']['memoryMb']) * MB, CHUNK):
        held.append(b'x' * CHUNK)
    return f'{len(held) * CHUNK // MB} MiB'


@attack('res.memory-shared', 'cgroup', 'The same with shared maps, which limits of one process do not count', bomb=True, ends=True)
def memory_shared(f):
    held = []
    for _ in range(0, more_than(f['limits']['memoryMb']) * MB, CHUNK):
        page = mmap.mmap(-1, CHUNK, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)
        fill(page, CHUNK)
        held.append(page)
    return f'{len(held) * CHUNK // MB} MiB'


@attack('res.memory-memfd', 'cgroup', 'The same with files that lie in memory (memfd)', bomb=True, ends=True)
def memory_memfd(f):
    text = b'x' * MB
    count = more_than(f['limits']['memoryMb'])
    held = [os.memfd_create(f'part{at}') for at in range(32)]
    for at in range(count):
        os.write(held[at % len(held)], text)
    return f'{count} MiB'


@attack('res.memory-processes', 'cgroup', 'The same spread over many processes', bomb=True, ends=True, run=True)
def memory_processes(f):
    each = 64
    count = -(-more_than(f['limits']['memoryMb']) // each)
    done, tell = os.pipe()
    children = []
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            held = b'x' * (each * MB)
            os.write(tell, b'x' if held else b'')
            time.sleep(10)
            os._exit(0)
        children.append(pid)
    os.close(tell)
    got = 0
    while got < count and (text := os.read(done, count)):
        got += len(text)
    for pid in children:
        os.kill(pid, 9)
    if got < count:
        raise Denied(f'{got} of {count} processes got their memory')
    return f'{count * each} MiB in {count} processes'


@attack('res.tmp-memory', 'tmpfs-size', 'Fills its temporary folder', bomb=True, ends=True)
def tmp_memory(f):
    return fill_folder(tempfile.gettempdir(), f['limits']['tmpMb'])


@attack('res.shm', 'tmpfs-size', 'Fills /dev/shm', bomb=True, ends=True)
def shm(f):
    return fill_folder('/dev/shm', f['limits']['tmpMb'])


@attack('res.home', 'tmpfs-size', 'Fills its home', bomb=True, ends=True)
def home(f):
    return fill_folder(os.environ.get('HOME', '/'), f['limits']['tmpMb'])


@attack('res.elsewhere', 'tmpfs-size', 'Fills any other folder it finds writable', bomb=True, ends=True)
def elsewhere(f):
    known = (tempfile.gettempdir(), '/dev/shm', os.environ.get('HOME', '/'), f['write'], '/data', '/cache', '/proc', '/sys')
    for base in ('/', '/dev', '/run', '/var', '/var/tmp', '/etc', '/usr', '/mnt', '/opt', '/srv', '/home'):
        if os.access(base, os.W_OK) and not any(base.startswith(path) for path in known):
            return fill_folder(base, f['limits']['tmpMb'])
    raise Denied('no other folder is writable')


def fill_folder(folder, limit):
    """Twice a limit, at most 1 GiB; what was written is removed again."""
    goal = min(1024, limit * 2 + 64)
    path = f'{folder}/outrigger-sandbox-test-fill'
    written = 0
    try:
        with open(path, 'wb') as file:
            for _ in range(goal):
                written += file.write(b'x' * MB)
    except OSError as error:
        raise Denied(f'{error.strerror} after {written // MB} MiB') from error
    finally:
        if os.path.exists(path):
            os.unlink(path)
    return f'{goal} MiB in {folder}'


@attack('res.disk-file', 'rlimits', 'Fills the disk with one file in the folder it may write', bomb=True, ends=True)
def disk_file(f):
    goal = min(1024, f['limits']['storageMb'] * 2 + 64)
    with open(f['write'] + '/big', 'wb') as file:
        for at in range(goal):
            try:
                file.write(b'x' * MB)
            except OSError as error:
                raise Denied(f'{error.strerror} after {at} MiB') from error
    stay()
    return f'{goal} MiB'


@attack('res.disk-files', 'watchdog', 'Fills the disk with many files in the folder it may write', bomb=True, ends=True)
def disk_files(f):
    goal = min(1024, f['limits']['storageMb'] * 4)
    for at in range(goal):
        with open(f'{f["write"]}/part-{at}', 'wb') as file:
            file.write(b'x' * MB)
    stay()
    return f'{goal} MiB in {goal} files'


@attack('res.disk-nameless', 'watchdog', 'Fills the disk with files in the folder it may write that it deletes and keeps open', bomb=True, ends=True)
def disk_nameless(f):
    goal = min(1024, f['limits']['storageMb'] * 4)
    held = []
    for at in range(goal // 16):
        path = f'{f["write"]}/nameless-{at}'
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        held.append(handle)
        os.unlink(path)
        for _ in range(16):
            os.write(handle, b'x' * MB)
    stay()
    return f'{goal} MiB in {len(held)} files without a name'


@attack('res.disk-behind-end', 'seccomp', 'Takes disk behind the end of a file, where the limit on its size does not count (fallocate)')
def disk_behind_end(f):
    libc = ctypes.CDLL(None, use_errno=True)
    path = f['write'] + '/behind'
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    size = (f['limits']['storageMb'] + 64) * MB
    try:
        if libc.fallocate(handle, 1, ctypes.c_long(0), ctypes.c_long(size)) != 0:
            code = ctypes.get_errno()
            raise Denied(os.strerror(code))
        return f'{os.fstat(handle).st_blocks * 512 // MB} MiB'
    finally:
        os.close(handle)
        os.unlink(path)


@attack('res.inodes-grant', 'watchdog', 'Leaves 50,000 empty files in the folder it may write', bomb=True, ends=True)
def inodes_grant(f):
    return empty_files(f['write'] + '/many', 50_000)


@attack('res.inodes-tmp', 'cgroup', 'Leaves 50,000 empty files in its temporary folder', bomb=True, ends=True)
def inodes_tmp(_):
    return empty_files(tempfile.mkdtemp(), 50_000)


def empty_files(folder, count):
    os.makedirs(folder, exist_ok=True)
    for at in range(count):
        os.close(os.open(f'{folder}/{at}', os.O_CREAT | os.O_WRONLY, 0o600))
    stay()
    return f'{count} files'


def stay():
    """Two looks of a host that watches folders: what is ended only later was not ended here."""
    time.sleep(3)


@attack('res.fork-bomb', 'rlimits', 'Makes 400 processes', bomb=True, ends=True, run=True)
def fork_bomb(f):
    hold, release = os.pipe()
    children = []
    try:
        for _ in range(400):
            pid = os.fork()
            if pid == 0:
                os.close(release)
                os.read(hold, 1)
                os._exit(0)
            children.append(pid)
    except OSError as error:
        raise Denied(f'{error.strerror} after {len(children)}') from error
    finally:
        os.close(release)
        for pid in children:
            os.waitpid(pid, 0)
    if len(children) <= f['limits']['pids']:
        raise Denied(f'{len(children)} is within its limit')
    return f'{len(children)} processes'


@attack('res.threads', 'rlimits', 'Makes 400 threads', bomb=True, ends=True)
def threads(f):
    end = threading.Event()
    made = 0
    try:
        for _ in range(400):
            threading.Thread(target=end.wait, daemon=True).start()
            made += 1
    except RuntimeError as error:
        raise Denied(f'{error} after {made}') from error
    finally:
        end.set()
    return f'{made} threads'


@attack('res.cpu', 'cgroup', 'Takes more than its share of the processors with four spinning processes', bomb=True, run=True)
def cpu(f):
    seconds = 4
    if (os.cpu_count() or 1) < 2:
        raise Skipped('this machine has one processor')
    started = time.monotonic()
    children = []
    for _ in range(4):
        pid = os.fork()
        if pid == 0:
            while time.monotonic() - started < seconds:
                pass
            os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    share = (used.ru_utime + used.ru_stime) / (time.monotonic() - started)
    if share <= f['limits']['cpu'] * 1.25:
        raise Denied(f'{share:.2f} of {f["limits"]["cpu"]} processors')
    return f'{share:.2f} processors'


@attack('res.descriptors', 'rlimits', 'Opens more files than it may')
def descriptors(f):
    held = []
    try:
        while len(held) < f['limits']['openFiles'] + 64:
            held.append(os.open('/dev/null', os.O_RDONLY))
    except OSError as error:
        raise Denied(f'{error.strerror} after {len(held)}') from error
    return f'{len(held)} descriptors'


@attack('res.raise-limits', 'rlimits', 'Raises its own limits')
def raise_limits(_):
    for name in ('RLIMIT_NOFILE', 'RLIMIT_CORE', 'RLIMIT_FSIZE', 'RLIMIT_NPROC'):
        which = getattr(resource, name)
        soft, hard = resource.getrlimit(which)
        if hard == resource.RLIM_INFINITY:
            return f'{name} has no limit'
        try:
            resource.setrlimit(which, (hard + 1, hard + 1))
        except (OSError, ValueError):
            continue
        return f'{name} rose to {hard + 1}'
    raise Denied('none could be raised')


@attack('res.core-dump', 'rlimits', 'Has its memory written to disk when it crashes')
def core_dump(_):
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if hard == 0:
        raise Denied('the limit is zero')
    return f'up to {hard} bytes'


@attack('res.file-size', 'rlimits', 'Makes a file of a terabyte, though without content')
def file_size(f):
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    path = f['write'] + '/sparse'
    with open(path, 'wb') as file:
        file.truncate(1 << 40)
    os.unlink(path)


@attack('res.locked-memory', 'rlimits', 'Locks memory so that it cannot be moved to disk')
def locked_memory(_):
    libc = ctypes.CDLL(None, use_errno=True)
    page = mmap.mmap(-1, 64 * MB)
    if libc.mlock(ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(page))), ctypes.c_size_t(64 * MB)) != 0:
        raise OSError(ctypes.get_errno(), 'not locked')


@attack('res.priority', 'capabilities', 'Puts itself before all others (nice below zero)')
def priority(_):
    os.setpriority(os.PRIO_PROCESS, 0, -5)


@attack('res.realtime', 'capabilities', 'Puts itself before all others (real-time scheduling)')
def realtime(_):
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


@attack('res.never-ended', 'capabilities', 'Makes itself the last to be ended when memory is short')
def never_ended(_):
    with open('/proc/self/oom_score_adj', 'w') as file:
        file.write('-900')
