"""Attacks on other processes, and what /proc tells of them."""

import ctypes
import os
import resource
import signal
import subprocess

from kit import Denied, attack, call, opened, read_text

PTRACE_SEIZE = 0x4206
PTRACE_TRACEME = 0


class Vector(ctypes.Structure):
    _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]


@attack('proc.see-host', 'pid-namespace', 'Sees the host process in /proc')
def see_host(f):
    command = read_text(f'/proc/{f["hostPid"]}/cmdline').replace('\0', ' ')
    if 'attack-host' not in command:
        raise Denied('another process has this number here')
    return command


@attack('proc.count', 'pid-namespace', 'Sees processes of others')
def count(_):
    pids = [int(name) for name in os.listdir('/proc') if name.isdigit()]
    if len(pids) < 8:
        raise Denied(f'it sees {len(pids)}')
    return f'{len(pids)} processes'


@attack('proc.signal-host', 'pid-namespace', 'Sends the host a signal')
def signal_host(f):
    os.kill(f['hostPid'], signal.SIGUSR2)


@attack('proc.kill-victim', 'pid-namespace', 'Ends a process of the same user')
def kill_victim(f):
    os.kill(f['victimPid'], signal.SIGKILL)


@attack('proc.kill-thread', 'pid-namespace', 'Ends a process of the same user by one of its threads (tgkill)')
def kill_thread(f):
    from kit import raw

    raw({'x86_64': 234, 'aarch64': 131}[os.uname().machine], f['victimPid'], f['victimPid'], signal.SIGKILL)


@attack('proc.kill-all', 'pid-namespace', 'Reaches other processes by kill(-1); signal 0 does no harm')
def kill_all(_):
    os.kill(-1, 0)


@attack('proc.kill-group', 'session', 'Ends what started it by a signal to its process group')
def kill_group(_):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.kill(0, signal.SIGTERM)
    # Whether anything else was hit is seen from outside.
    raise Denied('sent; the host looks whether the wrapper still lives')


@attack('proc.kill-init', 'pid-namespace', 'Ends process 1')
def kill_init(f):
    os.kill(1, 0)
    if os.path.exists(f'/proc/{f["hostPid"]}'):
        return 'process 1 of the machine may be signalled'
    for number in (signal.SIGTERM, signal.SIGKILL):
        os.kill(1, number)
    raise Denied('it only ended its own sandbox')


@attack('proc.pidfd-signal', 'pid-namespace', 'Sends the host a signal by a descriptor (pidfd_send_signal)')
def pidfd_signal(f):
    handle = call('pidfd_open', f['hostPid'], 0)
    call('pidfd_send_signal', handle, signal.SIGUSR2, None, 0)


@attack('proc.ptrace', 'seccomp', 'Takes control of a process of the same user (ptrace)')
def ptrace(f):
    call('ptrace', PTRACE_SEIZE, f['victimPid'], 0, 0)
    os.kill(f['victimPid'], 0)


@attack('proc.ptrace-filter', 'seccomp', 'Uses ptrace at all')
def ptrace_self(_):
    call('ptrace', PTRACE_TRACEME, 0, 0, 0)


@attack('proc.vm-read', 'seccomp', 'Reads the memory of a process of the same user (process_vm_readv)')
def vm_read(f):
    return vm(f['victimPid'], 'process_vm_readv')


@attack('proc.vm-read-filter', 'seccomp', 'Uses process_vm_readv at all, on its own process')
def vm_read_self(_):
    return vm(os.getpid(), 'process_vm_readv')


@attack('proc.vm-write-filter', 'seccomp', 'Uses process_vm_writev at all, on its own process')
def vm_write_self(_):
    return vm(os.getpid(), 'process_vm_writev')


def vm(pid, name):
    """Eight bytes of the other process's own stack or program; of itself, of a buffer."""
    mine = ctypes.create_string_buffer(8)
    local = Vector(ctypes.addressof(mine), 8)
    where = ctypes.addressof(ctypes.create_string_buffer(8))
    if pid != os.getpid():
        where = int(read_text(f'/proc/{pid}/maps').split('-')[0], 16)
    remote = Vector(where, 8)
    return f'{call(name, pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)} bytes'


@attack('proc.mem', 'pid-namespace', 'Opens the memory of a process of the same user by /proc')
def mem(f):
    return opened(f'/proc/{f["victimPid"]}/mem', os.O_RDWR)


@attack('proc.kcmp-filter', 'seccomp', 'Compares kernel objects of processes (kcmp)')
def kcmp(_):
    return f'{call("kcmp", os.getpid(), os.getpid(), 1, 0, 0)}'


@attack('proc.madvise-filter', 'seccomp', 'Advises the kernel about the memory of another process (process_madvise)')
def process_madvise(_):
    from kit import reached

    return reached('process_madvise', -1, None, 0, 0, 0)


@attack('proc.move-pages', 'seccomp', 'Asks where in memory a process lies (move_pages)')
def move_pages(_):
    return f'{call("move_pages", 0, 0, None, None, None, 0)}'


@attack('proc.renice-host', 'pid-namespace', 'Slows the host by its priority')
def renice_host(f):
    os.setpriority(os.PRIO_PROCESS, f['victimPid'], os.getpriority(os.PRIO_PROCESS, f['victimPid']) + 1)


@attack('proc.affinity-host', 'pid-namespace', 'Sets on which processors another process may run')
def affinity_host(f):
    os.sched_setaffinity(f['victimPid'], os.sched_getaffinity(f['victimPid']))


@attack('proc.scheduler-host', 'pid-namespace', 'Changes how another process is scheduled')
def scheduler_host(f):
    os.sched_setscheduler(f['victimPid'], os.SCHED_BATCH, os.sched_param(0))


@attack('proc.oom-host', 'pid-namespace', 'Makes another process the first to be ended when memory is short')
def oom_host(f):
    with open(f'/proc/{f["victimPid"]}/oom_score_adj', 'w') as file:
        file.write('500')


@attack('proc.prlimit-host', 'pid-namespace', 'Lowers the limits of another process')
def prlimit_host(f):
    resource.prlimit(f['victimPid'], resource.RLIMIT_CORE, (0, 0))


@attack('proc.core-pattern', 'mounts', 'Opens the setting that names the program run as root for every crash')
def core_pattern(_):
    return opened('/proc/sys/kernel/core_pattern', os.O_WRONLY)


@attack('proc.modprobe-path', 'mounts', 'Opens the setting that names the program that loads modules as root')
def modprobe_path(_):
    return opened('/proc/sys/kernel/modprobe', os.O_WRONLY)


@attack('proc.sysctl', 'mounts', 'Opens other settings of the kernel for writing')
def sysctl(_):
    for name in ('kernel/hostname', 'kernel/domainname', 'vm/drop_caches', 'vm/overcommit_memory', 'net/ipv4/ip_forward', 'kernel/pid_max'):
        try:
            return opened(f'/proc/sys/{name}', os.O_WRONLY)
        except OSError:
            continue
    raise Denied('none could be opened')


@attack('proc.sysrq', 'mounts', 'Opens the switch that restarts the machine; nothing is written')
def sysrq(_):
    return opened('/proc/sysrq-trigger', os.O_WRONLY)


@attack('proc.kcore', 'mounts', 'Opens the memory of the kernel')
def kcore(_):
    return opened('/proc/kcore', os.O_RDONLY)


@attack('proc.kallsyms', 'capabilities', 'Learns where in memory the kernel lies')
def kallsyms(_):
    if all(int(line.split()[0], 16) == 0 for line in read_text('/proc/kallsyms').splitlines()[:50] if line):
        raise Denied('all addresses are zero')
    return 'addresses show'


@attack('proc.kmsg', 'capabilities', 'Reads the log of the kernel by /proc')
def kmsg(_):
    return opened('/proc/kmsg', os.O_RDONLY | os.O_NONBLOCK)


@attack('proc.spawn', 'seccomp', 'Starts a program, though it was granted none')
def spawn(_):
    return subprocess.run(['/bin/sh', '-c', 'echo started'], capture_output=True, timeout=10, check=True).stdout.decode()


@attack('proc.fork', 'seccomp', 'Makes a process, though it was granted none')
def fork(_):
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return f'process {pid}'


@attack('proc.vfork', 'seccomp', 'Makes a process by the older call for it, though it was granted none')
def old_fork(_):
    from kit import raw

    if os.uname().machine != 'x86_64':
        from kit import Skipped

        raise Skipped('only x86_64 has a call of its own for fork')
    pid = raw(57)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return f'process {pid}'


@attack('proc.clone3', 'seccomp', 'Makes a process by clone3, whose flags no filter sees, though it was granted none')
def clone3(_):
    arguments = (ctypes.c_uint64 * 8)(0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    pid = call('clone3', arguments, 64)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return f'process {pid}'


@attack('proc.new-privileges', 'no-new-privs', 'Gains rights by a program with the set-user-id bit', run=True)
def new_privileges(_):
    if 'NoNewPrivs:\t1' in read_text('/proc/self/status'):
        raise Denied('the kernel gives it none')
    return 'such programs would work'


@attack('proc.setuid', 'capabilities', 'Becomes another user')
def setuid(_):
    os.setresuid(12345, 12345, 12345)


@attack('proc.drop-groups', 'capabilities', 'Leaves its groups, which a file may exclude')
def drop_groups(_):
    os.setgroups([])


@attack('proc.capabilities', 'capabilities', 'Holds rights of root in any set')
def capabilities(_):
    lines = [line for line in read_text('/proc/self/status').splitlines() if line.startswith(('CapEff', 'CapPrm', 'CapInh', 'CapAmb', 'CapBnd'))]
    held = [line for line in lines if int(line.split()[1], 16)]
    if not held:
        raise Denied('all sets are empty')
    return ' '.join(held)
