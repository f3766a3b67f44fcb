"""Attacks by memory, queues and locks that processes share."""

import ctypes
import fcntl
import os

from kit import Denied, Skipped, attack, call, read_text


@attack('ipc.sysv-attach', 'ipc-namespace', 'Attaches to System V memory of the host')
def sysv_attach(f):
    if f['sharedMemory'] is None:
        raise Skipped('the host could make none')
    call('shmat', f['sharedMemory'], None, 0)


@attack('ipc.sysv-list', 'ipc-namespace', 'Lists System V memory of the host')
def sysv_list(f):
    if f['sharedMemory'] is None:
        raise Skipped('the host could make none')
    listed = [line.split()[1] for line in read_text('/proc/sysvipc/shm').splitlines()[1:]]
    if str(f['sharedMemory']) not in listed:
        raise Denied('it sees none')
    return ' '.join(listed)


@attack('ipc.posix-shm', 'mounts', 'Reads POSIX shared memory of the host')
def posix_shm(f):
    if f['posixMemory'] is None:
        raise Skipped('the host could make none')
    return read_text(f['posixMemory'])


@attack('ipc.mqueue', 'mounts', 'Sees message queues of the host')
def mqueue(_):
    return f'{len(os.listdir("/dev/mqueue"))} queues'


@attack('ipc.lease-read-grant', 'seccomp', 'Holds a lease on a file granted for reading, which stops the host from writing it for a while')
def lease(f):
    handle = os.open(f['readFile'], os.O_RDONLY)
    fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)


@attack('ipc.notify-outside', 'mounts', 'Watches what happens in a folder outside (inotify)')
def inotify(f):
    libc = ctypes.CDLL(None, use_errno=True)
    handle = libc.inotify_init1(0o2000000)
    if libc.inotify_add_watch(handle, f['outsideFolder'].encode(), 0xFFF) < 0:
        raise OSError(ctypes.get_errno(), 'not watched')
