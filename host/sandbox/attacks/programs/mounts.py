"""Attacks by mounts and by namespaces of its own."""

import ctypes
import os

from kit import Denied, attack, call, reached

FLAGS = {'user': 0x10000000, 'mnt': 0x00020000, 'pid': 0x20000000, 'net': 0x40000000, 'ipc': 0x08000000, 'uts': 0x04000000, 'cgroup': 0x02000000, 'time': 0x80}
SIGCHLD = 17
AT_FDCWD = -100
BIND = 0x1000
REMOUNT = 0x20


@attack('mnt.mount', 'seccomp', 'Mounts a file system over a folder')
def mount(f):
    mounted(b'none', f['write'].encode(), b'tmpfs', 0)


@attack('mnt.bind', 'seccomp', 'Shows a folder at another place, past a read-only grant')
def bind(f):
    mounted(f['read'].encode(), f['write'].encode(), None, BIND)


def mounted(source, target, kind, flags):
    """Undone at once: where it works, it works for the whole machine."""
    call('mount', source, target, kind, flags, None)
    call('umount2', target, 2)


@attack('mnt.remount', 'seccomp', 'Makes a read-only grant writable again')
def remount(f):
    return reached('mount', None, f['read'].encode(), None, REMOUNT | BIND, None)


@attack('mnt.umount', 'seccomp', 'Takes a mount away to see what lies under it')
def umount(f):
    return reached('umount2', f['read'].encode(), 0)


@attack('mnt.pivot-root', 'seccomp', 'Exchanges its root folder')
def pivot_root(_):
    return reached('pivot_root', b'/outrigger-none', b'/outrigger-none')


@attack('mnt.chroot', 'seccomp', 'Makes another folder its root, the first half of a known way out')
def chroot(f):
    call('chroot', f['write'].encode())


@attack('mnt.fsopen', 'seccomp', 'Makes a file system by the newer calls')
def fsopen(_):
    os.close(call('fsopen', b'tmpfs', 0))


@attack('mnt.fspick', 'seccomp', 'Picks a mounted file system to change its settings')
def fspick(_):
    return reached('fspick', AT_FDCWD, b'/', 0)


@attack('mnt.open-tree', 'seccomp', 'Copies a mount (open_tree)')
def open_tree(f):
    os.close(call('open_tree', AT_FDCWD, f['read'].encode(), 1))


@attack('mnt.move-mount', 'seccomp', 'Moves a mount (move_mount)')
def move_mount(_):
    return reached('move_mount', -1, b'', -1, b'', 0)


@attack('mnt.setattr', 'seccomp', 'Changes a mount (mount_setattr)')
def mount_setattr(f):
    attributes = (ctypes.c_uint64 * 4)(0, 1, 0, 0)  # clear read-only
    return reached('mount_setattr', AT_FDCWD, f['read'].encode(), 0, attributes, 32)


def unshared(name):
    before = os.readlink(f'/proc/self/ns/{name}')
    call('unshare', FLAGS[name])
    return f'{before} became {os.readlink(f"/proc/self/ns/{name}")}'


@attack('ns.user', 'seccomp', 'Makes a user namespace, in which it would hold all rights')
def user(_):
    return unshared('user')


@attack('ns.user-root', 'seccomp', 'Becomes root in a user namespace of its own and mounts there')
def user_root(f):
    call('unshare', FLAGS['user'] | FLAGS['mnt'])
    call('mount', b'none', f['write'].encode(), b'tmpfs', 0, None)


@attack('ns.mount', 'seccomp', 'Makes a mount namespace')
def mount_namespace(_):
    return unshared('mnt')


@attack('ns.net', 'seccomp', 'Makes a network namespace, to reach the firewall code')
def net(_):
    return unshared('net')


@attack('ns.ipc', 'seccomp', 'Makes an IPC namespace')
def ipc(_):
    return unshared('ipc')


@attack('ns.uts', 'seccomp', 'Makes a host name of its own')
def uts(_):
    return unshared('uts')


@attack('ns.cgroup', 'seccomp', 'Makes a cgroup namespace')
def cgroup(_):
    return unshared('cgroup')


@attack('ns.time', 'seccomp', 'Makes a clock of its own')
def time(_):
    call('unshare', FLAGS['time'])


@attack('ns.pid', 'seccomp', 'Makes a process namespace')
def pid(_):
    call('unshare', FLAGS['pid'])


@attack('ns.clone-user', 'seccomp', 'Makes a user namespace by clone', run=True)
def clone_user(_):
    return child(call('clone', FLAGS['user'] | SIGCHLD, None, None, None, None))


@attack('ns.clone3-user', 'seccomp', 'Makes a user namespace by clone3, whose flags no filter sees', run=True)
def clone3_user(_):
    arguments = (ctypes.c_uint64 * 8)(FLAGS['user'], 0, 0, 0, SIGCHLD, 0, 0, 0)
    return child(call('clone3', arguments, 64))


def child(pid):
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return f'process {pid} has a namespace of its own'


@attack('ns.setns', 'seccomp', 'Enters a namespace by descriptor; its own one')
def setns(_):
    handle = os.open('/proc/self/ns/user', os.O_RDONLY)
    return reached('setns', handle, 0)


@attack('ns.setns-host', 'pid-namespace', 'Enters the namespaces of the host process')
def setns_host(f):
    handle = os.open(f'/proc/{f["hostPid"]}/ns/uts', os.O_RDONLY)
    call('setns', handle, 0)
    return 'entered'


@attack('ns.hostname', 'uts-namespace', 'Changes the name of the machine; to the one it has')
def hostname(_):
    import socket

    socket.sethostname(socket.gethostname())


@attack('ns.parent-user', 'user-namespace', 'Is in the same user namespace as the host')
def parent_user(f):
    return same('user', f)


@attack('ns.parent-net', 'net-namespace', 'Is in the same network as the host')
def parent_net(f):
    return same('net', f)


@attack('ns.parent-ipc', 'ipc-namespace', 'Shares System V memory with the host')
def parent_ipc(f):
    return same('ipc', f)


def same(name, f):
    here = os.readlink(f'/proc/self/ns/{name}')
    if here != f['namespaces'][name]:
        raise Denied('it has one of its own')
    return here
