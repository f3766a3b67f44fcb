"""Attacks on files that were not granted, or only for reading."""

import ctypes
import os
import stat

from kit import Denied, Skipped, attack, call, opened, raw, read_text

O_PATH = 0o10000000
AT_FDCWD = -100


@attack('fs.read-private-key', 'mounts', 'Reads the private key in the home of the person who runs the host')
def read_private_key(f):
    return read_text(f['privateKey'])


@attack('fs.read-outside', 'mounts', 'Reads a file that everybody may read, outside what was granted')
def read_outside(f):
    return read_text(f['outsideFile'])


@attack('fs.list-home', 'mounts', 'Lists the home of the person who runs the host')
def list_home(f):
    return ' '.join(os.listdir(f['home']))


@attack('fs.read-host-config', 'mounts', 'Reads the configuration of the host')
def read_host_config(f):
    return read_text(f['hostConfig'])


@attack('fs.read-other-data', 'mounts', 'Reads what another plugin stored')
def read_other_data(f):
    return read_text(f['otherData'])


@attack('fs.read-store', 'mounts', 'Reads the code of another plugin from the store of the host')
def read_store(f):
    return read_text(f['storeFile'])


@attack('fs.write-store', 'mounts', 'Changes the code of another plugin in the store of the host')
def write_store(f):
    with open(f['storeFile'], 'a') as file:
        file.write('\n// was here\n')


@attack('fs.read-shadow', 'mounts', 'Reads the password hashes of the machine')
def read_shadow(_):
    return f'{len(read_text("/etc/shadow"))} characters'


@attack('fs.read-accounts', 'mounts', 'Reads who has an account on this machine')
def read_accounts(f):
    users = [line.split(':')[0] for line in read_text('/etc/passwd').splitlines()]
    known = [name for name in users if name in f['hostUsers']]
    if len(known) < 4:
        raise Denied(f'only {users} show')
    return ' '.join(known)


@attack('fs.read-machine-id', 'mounts', 'Reads what tells this machine from all others')
def read_machine_id(f):
    return read_text('/etc/machine-id') or read_text('/var/lib/dbus/machine-id')


@attack('fs.read-ssh-host-config', 'mounts', 'Reads settings of services below /etc')
def read_host_etc(_):
    names = [name for name in ('ssh', 'cron.d', 'sudoers.d', 'pam.d', 'systemd', 'init.d') if os.path.isdir(f'/etc/{name}')]
    if not names:
        raise Denied('none shows')
    return ' '.join(names)


@attack('fs.list-root', 'mounts', 'Lists the folders /root, /srv, /mnt, /media, /var of the machine')
def list_root(_):
    seen = [path for path in ('/root', '/srv', '/mnt', '/media', '/var', '/boot') if os.path.isdir(path)]
    if not seen:
        raise Denied('none shows')
    return ' '.join(seen)


@attack('fs.create-outside', 'mounts', 'Creates a file in a folder that everybody may write')
def create_outside(f):
    with open(f['outsideFolder'] + '/planted', 'w') as file:
        file.write('planted')


@attack('fs.append-outside', 'mounts', 'Changes a file that everybody may write')
def append_outside(f):
    with open(f['outsideFile'], 'a') as file:
        file.write('changed')


@attack('fs.delete-outside', 'mounts', 'Deletes a file outside what was granted')
def delete_outside(f):
    os.unlink(f['outsideFile'])


@attack('fs.write-through-read-grant', 'mounts', 'Writes into a folder granted for reading')
def write_read_grant(f):
    with open(f['read'] + '/planted', 'w') as file:
        file.write('planted')


@attack('fs.chmod-through-read-grant', 'mounts', 'Changes the mode of a file granted for reading')
def chmod_read_grant(f):
    os.chmod(f['readFile'], 0o666 if stat.S_IMODE(os.stat(f['readFile']).st_mode) != 0o666 else 0o600)


@attack('fs.utimes-through-read-grant', 'mounts', 'Changes the times of a file granted for reading')
def utimes_read_grant(f):
    os.utime(f['readFile'], (1, 1))


@attack('fs.rename-in-read-grant', 'mounts', 'Renames a file granted for reading')
def rename_read_grant(f):
    os.rename(f['readFile'], f['readFile'] + '.old')


@attack('fs.xattr-through-read-grant', 'mounts', 'Sets an extended attribute on a file granted for reading')
def xattr_read_grant(f):
    os.setxattr(f['readFile'], 'user.planted', b'1')


@attack('fs.write-own-code', 'mounts', 'Changes its own code')
def write_own_code(f):
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'files.py'), 'a') as file:
        file.write('\n# was here\n')


@attack('fs.write-system', 'mounts', 'Writes beside the programs of the system')
def write_system(_):
    path = '/usr/bin/.outrigger-sandbox-test'
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    os.unlink(path)
    return path


@attack('fs.write-etc', 'mounts', 'Writes below /etc')
def write_etc(_):
    path = '/etc/.outrigger-sandbox-test'
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    os.unlink(path)
    return path


@attack('fs.write-root', 'mounts', 'Writes into the root folder')
def write_root(_):
    path = '/.outrigger-sandbox-test'
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    os.unlink(path)
    return path


@attack('fs.symlink-escape', 'mounts', 'Reads through a symbolic link it left in the folder it may write')
def symlink_escape(f):
    link = f['write'] + '/link'
    os.symlink(f['outsideFile'], link)
    return read_text(link)


@attack('fs.symlink-write', 'mounts', 'Writes through a symbolic link it left in the folder it may write')
def symlink_write(f):
    link = f['write'] + '/link-out'
    os.symlink(f['outsideFile'], link)
    with open(link, 'a') as file:
        file.write('changed')


@attack('fs.hardlink-out', 'mounts', 'Links a file from outside into the folder it may write')
def hardlink_out(f):
    os.link(f['outsideFile'], f['write'] + '/hard')


@attack('fs.hardlink-read-grant', 'mounts', 'Links a file granted for reading into the folder it may write')
def hardlink_read_grant(f):
    os.link(f['readFile'], f['write'] + '/hard-read')
    with open(f['write'] + '/hard-read', 'a') as file:
        file.write('changed')


@attack('fs.dotdot', 'mounts', 'Climbs out of the granted folder by ..')
def dotdot(f):
    folder = os.open(f['write'], os.O_RDONLY | os.O_DIRECTORY)
    inner = os.open('../../outside/' + os.path.basename(f['outsideFile']), os.O_RDONLY, dir_fd=folder)
    return os.read(inner, 4096).decode()


@attack('fs.o-path', 'mounts', 'Climbs from a descriptor of / opened with O_PATH')
def o_path(f):
    root = os.open('/', O_PATH | os.O_DIRECTORY)
    inner = os.open(f['outsideFile'].lstrip('/'), os.O_RDONLY, dir_fd=root)
    return os.read(inner, 4096).decode()


@attack('fs.o-path-reopen', 'mounts', 'Reopens a file granted for reading for writing, by /proc/self/fd')
def o_path_reopen(f):
    handle = os.open(f['readFile'], O_PATH)
    again = os.open(f'/proc/self/fd/{handle}', os.O_WRONLY | os.O_APPEND)
    os.write(again, b'changed')


@attack('fs.proc-self-root', 'mounts', 'Reads outside by /proc/self/root')
def proc_self_root(f):
    return read_text('/proc/self/root' + f['outsideFile'])


@attack('fs.proc-1-root', 'pid-namespace', 'Reads outside by the root folder of process 1')
def proc_1_root(f):
    return read_text('/proc/1/root' + f['outsideFile'])


@attack('fs.proc-host-root', 'pid-namespace', 'Reads outside by the root folder of the host process')
def proc_host_root(f):
    return read_text(f'/proc/{f["hostPid"]}/root' + f['outsideFile'])


@attack('fs.proc-host-cwd', 'pid-namespace', 'Reaches the working folder of the host by /proc')
def proc_host_cwd(f):
    return ' '.join(os.listdir(f'/proc/{f["hostPid"]}/cwd')) or 'empty'


@attack('fs.file-handle', 'seccomp', 'Opens a file outside by its handle, past all folders (open_by_handle_at)')
def file_handle(f):
    handle = ctypes.create_string_buffer(8 + 128)
    ctypes.cast(handle, ctypes.POINTER(ctypes.c_uint))[0] = 128
    mount = ctypes.c_int()
    call('name_to_handle_at', AT_FDCWD, f['write'].encode(), handle, ctypes.byref(mount), 0)
    folder = os.open(f['write'], os.O_RDONLY)
    return f'opened as {call("open_by_handle_at", folder, handle, os.O_RDONLY)}'


@attack('fs.file-handle-name', 'seccomp', 'Asks for the handle of a file (name_to_handle_at)')
def file_handle_name(f):
    handle = ctypes.create_string_buffer(8 + 128)
    ctypes.cast(handle, ctypes.POINTER(ctypes.c_uint))[0] = 128
    mount = ctypes.c_int()
    call('name_to_handle_at', AT_FDCWD, f['read'].encode(), handle, ctypes.byref(mount), 0)
    return f'handle on mount {mount.value}'


@attack('fs.setuid-bit', 'seccomp', 'Leaves a program with the set-user-id bit in the folder it may write')
def setuid_bit(f):
    path = f['write'] + '/setuid'
    with open(path, 'w') as file:
        file.write('#!/bin/sh\n')
    os.chmod(path, 0o4755)
    if not os.stat(path).st_mode & stat.S_ISUID:
        raise Denied('the bit was dropped')


@attack('fs.setgid-create', 'seccomp', 'Creates a file with the set-group-id bit at once, without chmod')
def setgid_create(f):
    path = f['write'] + '/setgid'
    os.mknod(path, stat.S_IFREG | 0o2755)
    if not os.stat(path).st_mode & stat.S_ISGID:
        raise Denied('the bit was dropped')


@attack('fs.setuid-open', 'seccomp', 'Creates a file with the set-user-id bit by open()')
def setuid_open(f):
    path = f['write'] + '/setuid-open'
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o4755))
    if not os.stat(path).st_mode & stat.S_ISUID:
        raise Denied('the bit was dropped')


@attack('fs.setuid-fchmodat2', 'seccomp', 'Sets the set-user-id bit by the newest call for it (fchmodat2)')
def setuid_fchmodat2(f):
    path = f['write'] + '/setuid-new'
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o755))
    raw(452, AT_FDCWD, path.encode(), 0o4755, 0)
    if not os.stat(path).st_mode & stat.S_ISUID:
        raise Denied('the bit was dropped')


@attack('fs.block-device', 'capabilities', 'Makes a device node for the disk of the machine')
def block_device(f):
    os.mknod(f['write'] + '/disk', stat.S_IFBLK | 0o600, os.makedev(8, 0))


@attack('fs.memory-device', 'capabilities', 'Makes a device node for the memory of the machine')
def memory_device(f):
    os.mknod(f['write'] + '/mem', stat.S_IFCHR | 0o600, os.makedev(1, 1))


@attack('fs.fifo-in-read-grant', 'mounts', 'Plants a FIFO in a folder granted for reading, to hang who reads it')
def fifo_read_grant(f):
    os.mkfifo(f['read'] + '/pipe')


@attack('fs.raw-disk', 'mounts', 'Opens the disk of the machine')
def raw_disk(_):
    names = [line.split()[3] for line in read_text('/proc/partitions').splitlines()[2:] if line.split()]
    if not names:
        raise Skipped('no disk is listed')
    return opened(f'/dev/{names[0]}', os.O_RDONLY)


@attack('fs.sys-write', 'mounts', 'Opens settings of the kernel below /sys for writing')
def sys_write(_):
    for path in ('/sys/kernel/uevent_helper', '/sys/kernel/mm/transparent_hugepage/enabled', '/sys/power/state'):
        if os.path.exists(path):
            return opened(path, os.O_WRONLY)
    raise Denied('/sys does not show')


@attack('fs.cgroup-write', 'mounts', 'Makes a group of its own where the limits of the machine are kept')
def cgroup_write(_):
    for base in ('/sys/fs/cgroup', '/sys/fs/cgroup/memory', '/sys/fs/cgroup/unified'):
        path = f'{base}/outrigger-sandbox-test'
        try:
            os.mkdir(path)
        except OSError:
            continue
        os.rmdir(path)
        return path
    raise Denied('none could be made')
