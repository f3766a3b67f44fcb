"""Attacks by descriptors that came along, and by terminals."""

import fcntl
import os
import socket
import struct

from kit import REFUSALS, Denied, Skipped, attack, call, opened

TIOCSTI = 0x5412
TIOCLINUX = 0x541C
TIOCSCTTY = 0x540E


def strays():
    """Open descriptors beside the standard ones, with where they lead."""
    found = {}
    for name in os.listdir('/proc/self/fd'):
        try:
            if int(name) > 2:
                found[int(name)] = os.readlink(f'/proc/self/fd/{name}')
        except OSError:
            continue
    return found


@attack('fd.inherited', 'descriptors', 'Reads a secret file by a descriptor the host left open')
def inherited(f):
    if not f['hasStray']:
        raise Skipped('the host could leave none open')
    for number in strays():
        try:
            text = os.pread(number, 4096, 0).decode('utf8', 'replace')
        except OSError:
            continue
        if text:
            return text
    raise Denied('nothing readable came along')


@attack('fd.stray', 'descriptors', 'Finds any descriptor beside stdin, stdout and stderr')
def stray(_):
    found = {number: target for number, target in strays().items() if '/proc/' not in target}
    if not found:
        raise Denied('there is none')
    return str(found)


@attack('fd.stray-net', 'descriptors', 'The same when it was granted a host of the network', net=True)
def stray_net(f):
    return stray(f)


@attack('fd.host-fd', 'pid-namespace', 'Opens a descriptor of the host by /proc')
def host_fd(f):
    for name in os.listdir(f'/proc/{f["hostPid"]}/fd'):
        try:
            handle = os.open(f'/proc/{f["hostPid"]}/fd/{name}', os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            continue
        return f'descriptor {name}: {os.readlink(f"/proc/self/fd/{handle}")}'
    raise Denied('none could be opened')


@attack('fd.pidfd-getfd', 'seccomp', 'Takes a descriptor out of the host process (pidfd_getfd)')
def pidfd_getfd(f):
    handle = call('pidfd_open', f['hostPid'], 0)
    return f'got {call("pidfd_getfd", handle, 0, 0)}'


@attack('fd.pidfd-getfd-filter', 'seccomp', 'Uses pidfd_getfd at all, on its own process')
def pidfd_getfd_own(_):
    handle = call('pidfd_open', os.getpid(), 0)
    return f'got {call("pidfd_getfd", handle, 0, 0)}'


@attack('fd.stdio-reopen', 'descriptors', 'Reopens its standard streams by /proc to reach what is behind them')
def stdio_reopen(_):
    for number in (0, 1, 2):
        target = os.readlink(f'/proc/self/fd/{number}')
        if target.startswith('/') and not target.startswith('/dev/null'):
            return opened(f'/proc/self/fd/{number}', os.O_RDWR)
    raise Denied('all are sockets or pipes')


@attack('fd.stdio-rights', 'descriptors', 'Waits for descriptors sent along on stdin')
def stdio_rights(_):
    with socket.socket(fileno=os.dup(0)) as channel:
        channel.setblocking(False)
        _, ancillary, _, _ = channel.recvmsg(1, socket.CMSG_SPACE(64))
    if not ancillary:
        raise Denied('none came')
    return str(ancillary)


@attack('tty.controlling', 'session', 'Opens the terminal from which the host was started')
def controlling(_):
    return opened('/dev/tty', os.O_RDWR | os.O_NOCTTY)


@attack('tty.console', 'mounts', 'Opens the console of the machine')
def console(_):
    return opened('/dev/console', os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)


@attack('tty.ptmx', 'mounts', 'Opens a terminal of its own beside those of people')
def ptmx(_):
    return opened('/dev/ptmx', os.O_RDWR | os.O_NOCTTY)


@attack('tty.others', 'mounts', 'Sees the terminals of people who are logged in')
def others(_):
    names = [name for name in os.listdir('/dev/pts') if name != 'ptmx']
    if not names:
        raise Denied('none shows')
    return ' '.join(names)


def refused(request, argument):
    """A terminal request on a stream that is no terminal: ENOTTY means that no filter stood before it."""
    try:
        fcntl.ioctl(0, request, argument)
    except OSError as error:
        if error.errno in REFUSALS:
            raise
        return f'no filter: {error.strerror}'
    return 'it was carried out'


@attack('tty.tiocsti', 'seccomp', 'Types into a terminal as if the person did (TIOCSTI)')
def tiocsti(_):
    return refused(TIOCSTI, b'\n')


@attack('tty.tiocsti-high-bits', 'seccomp', 'Hides TIOCSTI in a number of 64 bits')
def tiocsti_high(_):
    return high_ioctl(TIOCSTI)


@attack('tty.tioclinux', 'seccomp', 'Pastes into the console (TIOCLINUX)')
def tioclinux(_):
    return refused(TIOCLINUX, struct.pack('bb', 3, 0))


def high_ioctl(request):
    import ctypes

    from kit import raw

    number = {'x86_64': 16, 'aarch64': 29}[os.uname().machine]
    try:
        raw(number, 0, (1 << 32) | request, ctypes.c_char_p(b'\n'))
    except OSError as error:
        if error.errno in REFUSALS:
            raise
        return f'no filter: {error.strerror}'
    return 'it was carried out'
