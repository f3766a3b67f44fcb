"""Attacks on parts of the kernel that no plugin needs. None changes anything: arguments are invalid, or touch this process alone."""

import ctypes
import mmap
import os
import signal

from kit import Denied, Skipped, attack, call, opened, raw, reached


@attack('kern.bpf', 'seccomp', 'Loads programs into the kernel (bpf)')
def bpf(_):
    return reached('bpf', 0, None, 0)


@attack('kern.bpf-map', 'seccomp', 'Makes a map for such programs')
def bpf_map(_):
    attributes = (ctypes.c_uint32 * 32)(2, 4, 4, 1)
    os.close(call('bpf', 0, attributes, 128))


@attack('kern.perf', 'seccomp', 'Measures what the processor does (perf_event_open)')
def perf(_):
    attributes = (ctypes.c_uint32 * 32)(1, 128, 0, 0)
    attributes[10] = 0x60  # exclude_kernel, exclude_hv: what the kernel allows to most people
    os.close(call('perf_event_open', attributes, 0, -1, -1, 0))


@attack('kern.userfaultfd', 'seccomp', 'Stops the kernel in the middle of a copy (userfaultfd)')
def userfaultfd(_):
    os.close(call('userfaultfd', 1))


@attack('kern.io-uring', 'seccomp', 'Uses io_uring, which does calls past any filter')
def io_uring(_):
    parameters = ctypes.create_string_buffer(120)
    os.close(call('io_uring_setup', 1, parameters))


@attack('kern.keyctl', 'seccomp', 'Reads the keys of the session (keyctl)')
def keyctl(_):
    return f'keyring {call("keyctl", 0, -3, 0)}'


@attack('kern.add-key', 'seccomp', 'Stores a key in the kernel (add_key)')
def add_key(_):
    return f'key {call("add_key", b"user", b"outrigger", b"x", 1, -2)}'


@attack('kern.request-key', 'seccomp', 'Makes the kernel start a program of the host to find a key')
def request_key(_):
    return reached('request_key', b'user', b'outrigger-none', None, 0)


@attack('kern.module', 'seccomp', 'Loads a kernel module')
def module(_):
    return reached('init_module', None, 0, b'')


@attack('kern.module-file', 'seccomp', 'Loads a kernel module from a file')
def module_file(_):
    return reached('finit_module', -1, b'', 0)


@attack('kern.module-delete', 'seccomp', 'Removes a kernel module')
def module_delete(_):
    return reached('delete_module', b'outrigger-none', 0)


@attack('kern.kexec', 'seccomp', 'Loads another kernel')
def kexec(_):
    return reached('kexec_load', 0, 1 << 40, None, 0xFFFF0000)


@attack('kern.kexec-file', 'seccomp', 'Loads another kernel from a file')
def kexec_file(_):
    return reached('kexec_file_load', -1, -1, 0, None, 0xFF00)


@attack('kern.reboot', 'seccomp', 'Restarts the machine; asked for with numbers that are never accepted')
def reboot(_):
    return reached('reboot', 0, 0, 0, None)


@attack('kern.swapon', 'seccomp', 'Makes a file a part of memory')
def swapon(_):
    return reached('swapon', b'/outrigger-none', 0)


@attack('kern.settimeofday', 'seccomp', 'Sets the clock; to a time that does not exist')
def settimeofday(_):
    return reached('settimeofday', (ctypes.c_long * 2)(0, 2_000_000), None)


@attack('kern.clock-settime', 'seccomp', 'Sets a clock; one that cannot be set')
def clock_settime(_):
    return reached('clock_settime', 1, (ctypes.c_long * 2)(0, 0))


@attack('kern.adjtimex', 'seccomp', 'Makes the clock run faster; by an amount that is never accepted')
def adjtimex(_):
    timex = (ctypes.c_long * 32)()
    timex[0] = 0x4000  # ADJ_TICK, with a tick of zero
    return reached('adjtimex', timex)


@attack('kern.personality', 'seccomp', 'Switches off the random places of its memory')
def personality(_):
    return f'was {call("personality", 0x0040000)}'


@attack('kern.acct', 'seccomp', 'Makes the kernel write a record of every process')
def acct(_):
    return reached('acct', b'/outrigger-none')


@attack('kern.quotactl', 'seccomp', 'Asks for, or sets, quotas of disks')
def quotactl(_):
    return reached('quotactl', 0x80000500, b'/outrigger-none', 0, None)


@attack('kern.syslog', 'seccomp', 'Reads the log of the kernel')
def syslog(_):
    buffer = ctypes.create_string_buffer(256)
    return f'{call("syslog", 3, buffer, 256)} bytes'


@attack('kern.fanotify', 'seccomp', 'Watches all files of the machine')
def fanotify(_):
    os.close(call('fanotify_init', 0x200, 0))


@attack('kern.memfd-secret', 'seccomp', 'Takes memory that even the kernel does not map')
def memfd_secret(_):
    os.close(call('memfd_secret', 0))


@attack('kern.lookup-dcookie', 'seccomp', 'Turns numbers of the kernel into paths')
def lookup_dcookie(_):
    return reached('lookup_dcookie', 0, None, 0)


@attack('kern.user-notify', 'seccomp', 'Answers system calls of its children in place of the kernel')
def user_notify(_):
    class Program(ctypes.Structure):
        _fields_ = [('length', ctypes.c_ushort), ('filter', ctypes.c_void_p)]

    allow = (ctypes.c_uint32 * 2)(0x06, 0x7FFF0000)
    program = Program(1, ctypes.addressof(allow))
    ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
    # A filter of its own can only deny more; only a listener above the host's would be an escape.
    listener = call('seccomp', 1, 8, ctypes.byref(program))
    os.close(listener)
    text = open('/proc/self/status').read()
    if 'Seccomp_filters:\t1\n' not in text:
        raise Denied('it stands below the filter of the host')
    return 'no filter of the host stands above it'


@attack('kern.iopl', 'capabilities', 'Talks to devices by their ports')
def iopl(_):
    return reached('iopl', 3)


@attack('kern.new-call', 'seccomp', 'Uses a system call newer than what the sandbox knows')
def new_call(_):
    return reached('file_getattr', -1, None, None, 0, 0)


@attack('kern.i386', 'seccomp', 'Makes system calls as an old 32-bit program, with other numbers', ends=True)
def i386(_):
    if os.uname().machine != 'x86_64':
        raise Skipped('there is no such way on this processor')
    # mov eax, 20 (getpid); int 0x80; ret
    result = machine_code(b'\xb8\x14\x00\x00\x00\xcd\x80\xc3')
    if result != os.getpid():
        raise Denied(f'it gave {result}')
    return f'getpid gave {result}'


@attack('kern.i386-mount', 'seccomp', 'Makes a mount by the old 32-bit numbers, which a filter for 64 bits would miss', ends=True)
def i386_mount(_):
    if os.uname().machine != 'x86_64':
        raise Skipped('there is no such way on this processor')
    # mov eax, 310 (unshare); mov ebx, CLONE_NEWUSER; push/pop rbx keep the caller's
    result = machine_code(b'\x53\xb8\x36\x01\x00\x00\xbb\x00\x00\x00\x10\xcd\x80\x5b\xc3')
    if result != 0:
        raise Denied(f'it gave {result}')
    return 'it has a user namespace of its own'


@attack('kern.x32', 'seccomp', 'Makes system calls by the x32 numbers', ends=True)
def x32(_):
    if os.uname().machine != 'x86_64':
        raise Skipped('there is no such way on this processor')
    return f'getpid gave {raw(0x40000000 + 39)}'


@attack('kern.kvm', 'mounts', 'Opens the virtual machines of the kernel')
def kvm(_):
    return opened('/dev/kvm', os.O_RDWR)


@attack('kern.fuse', 'mounts', 'Opens the way to file systems of its own')
def fuse(_):
    return opened('/dev/fuse', os.O_RDWR)


@attack('kern.tun', 'mounts', 'Opens the way to network devices of its own')
def tun(_):
    return opened('/dev/net/tun', os.O_RDWR)


@attack('kern.dev-kmsg', 'mounts', 'Writes into the log of the kernel')
def dev_kmsg(_):
    return opened('/dev/kmsg', os.O_WRONLY)


@attack('kern.dev-mem', 'mounts', 'Opens the memory of the machine')
def dev_mem(_):
    return opened('/dev/mem', os.O_RDONLY)


@attack('kern.dev-chmod', 'mounts', 'Changes the mode of a device that all programs use')
def dev_chmod(_):
    mode = os.stat('/dev/null').st_mode & 0o7777
    os.chmod('/dev/null', mode)


@attack('kern.rtc', 'mounts', 'Opens the clock of the machine')
def rtc(_):
    return opened('/dev/rtc0', os.O_RDONLY)


def machine_code(code):
    signal.signal(signal.SIGSEGV, signal.SIG_DFL)
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    return ctypes.CFUNCTYPE(ctypes.c_int)(address)()
