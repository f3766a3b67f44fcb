"""What the attacks share: the list of them, raw system calls, and how an outcome is said."""

import ctypes
import errno
import os
import platform

ATTACKS = {}

CATEGORIES = {
    'fs': 'files',
    'env': 'environment',
    'proc': 'processes',
    'fd': 'descriptors',
    'tty': 'terminals',
    'net': 'sockets',
    'kern': 'kernel',
    'mnt': 'mounts',
    'ns': 'namespaces',
    'ipc': 'ipc',
    'res': 'resources',
    'keep': 'persistence',
}

# What the kernel, a filter or a policy says when it refuses; any other error means that the call was carried out.
REFUSALS = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EAFNOSUPPORT, errno.EROFS}

# Number on x86_64, number on aarch64 (None: there is none).
CALLS = {
    'acct': (163, 89),
    'add_key': (248, 217),
    'adjtimex': (159, 171),
    'bpf': (321, 280),
    'chroot': (161, 51),
    'clock_settime': (227, 112),
    'clone': (56, 220),
    'clone3': (435, 435),
    'delete_module': (176, 106),
    'fanotify_init': (300, 262),
    'file_getattr': (468, 468),
    'finit_module': (313, 273),
    'fsopen': (430, 430),
    'fspick': (433, 433),
    'init_module': (175, 105),
    'io_uring_setup': (425, 425),
    'iopl': (172, None),
    'kcmp': (312, 272),
    'kexec_file_load': (320, 294),
    'kexec_load': (246, 104),
    'keyctl': (250, 219),
    'lookup_dcookie': (212, 18),
    'memfd_secret': (447, 447),
    'mount': (165, 40),
    'mount_setattr': (442, 442),
    'move_mount': (429, 429),
    'move_pages': (279, 239),
    'name_to_handle_at': (303, 264),
    'open_by_handle_at': (304, 265),
    'open_tree': (428, 428),
    'perf_event_open': (298, 241),
    'personality': (135, 92),
    'pidfd_getfd': (438, 438),
    'pidfd_open': (434, 434),
    'pidfd_send_signal': (424, 424),
    'pivot_root': (155, 41),
    'prlimit64': (302, 261),
    'process_madvise': (440, 440),
    'process_vm_readv': (310, 270),
    'process_vm_writev': (311, 271),
    'ptrace': (101, 117),
    'quotactl': (179, 60),
    'reboot': (169, 142),
    'request_key': (249, 218),
    'seccomp': (317, 277),
    'setns': (308, 268),
    'settimeofday': (164, 170),
    'shmat': (30, 196),
    'swapon': (167, 224),
    'syslog': (103, 116),
    'umount2': (166, 39),
    'unshare': (272, 97),
    'userfaultfd': (323, 282),
}

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


class Denied(Exception):
    """The attack ran and got nothing."""


class Skipped(Exception):
    """This machine has not got what the attack is about."""


def attack(name, layer, about, **more):
    """Lists an attack. `layer` is meant to stop it; `more`: `run`, `ipc`, `net` (granted to it), `bomb`, `ends` (a limit may kill it)."""

    grants = {key: True for key in ('run', 'ipc', 'net') if more.pop(key, False)}

    def add(run):
        if name in ATTACKS:
            raise ValueError(f'two attacks are called {name}')
        facts = {'id': name, 'category': CATEGORIES[name.split('.')[0]], 'layer': layer, 'about': about, 'grants': grants, **more}
        ATTACKS[name] = {**facts, 'function': run}
        return run

    return add


def number(name):
    """Number of a system call here."""
    machine = platform.machine()
    if machine not in ('x86_64', 'aarch64'):
        raise Skipped(f'no table of system calls for {machine}')
    found = CALLS[name][0 if machine == 'x86_64' else 1]
    if found is None:
        raise Skipped(f'{machine} has no {name}')
    return found


def raw(nr, *args):
    """A system call by number; integers are passed whole. Raises OSError."""
    ctypes.set_errno(0)
    given = [ctypes.c_long(arg) if isinstance(arg, int) else arg for arg in args]
    result = _libc.syscall(ctypes.c_long(nr), *given)
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def call(name, *args):
    """A system call by name. Raises OSError."""
    return raw(number(name), *args)


def reached(name, *args):
    """Calls with arguments that can do no harm: an error that is no refusal shows that the call itself was carried out."""
    try:
        return f'{name} gave {call(name, *args)}'
    except OSError as error:
        if error.errno in REFUSALS:
            raise
        return f'{name} was carried out ({errno.errorcode.get(error.errno, error.errno)})'


def read_text(path, limit=65536):
    """The beginning of a file, as text."""
    with open(path, 'rb') as file:
        return file.read(limit).decode('utf8', 'replace')


def opened(path, flags):
    """Opens and closes again; nothing is written."""
    os.close(os.open(path, flags | os.O_CLOEXEC))
    return f'{path} was opened'
