"""Attacks on what the host knows and was started with."""

import os

from kit import Denied, attack, read_text


def canary(text, f):
    """The variable that only the host has; `text` is what was found."""
    if f['canaryName'] not in text:
        raise Denied('the variable of the host does not show')
    return text[text.index(f['canaryName']) :][:120]


@attack('env.own', 'environment', 'Finds variables of the host in its own environment')
def own(f):
    return canary('\n'.join(f'{name}={value}' for name, value in os.environ.items()), f)


@attack('env.own-proc', 'environment', 'Finds variables of the host in /proc/self/environ')
def own_proc(f):
    return canary(read_text('/proc/self/environ'), f)


@attack('env.parent-environ', 'pid-namespace', 'Reads the environment of its parent')
def parent_environ(f):
    return canary(read_text(f'/proc/{os.getppid()}/environ'), f)


@attack('env.pid1-environ', 'environment', 'Reads the environment of process 1: of what made the sandbox')
def pid1_environ(f):
    return canary(read_text('/proc/1/environ'), f)


@attack('env.any-environ', 'pid-namespace', 'Reads the environment of every process it sees')
def any_environ(f):
    found = ''
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            found += read_text(f'/proc/{pid}/environ')
        except OSError:
            continue
    return canary(found, f)


@attack('env.any-cmdline', 'pid-namespace', 'Finds paths of the host in the command line of any process it sees')
def any_cmdline(f):
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            text = read_text(f'/proc/{pid}/cmdline')
        except OSError:
            continue
        # Its own command line holds the path of the plugin where there is no sandbox.
        if int(pid) != os.getpid() and f['root'] in text:
            return text.replace('\0', ' ')[:200]
    raise Denied('none shows')


@attack('env.host-name', 'uts-namespace', 'Learns the name of the machine')
def host_name(f):
    if os.uname().nodename != f['hostName']:
        raise Denied(f'it sees {os.uname().nodename}')
    return f['hostName']


@attack('env.user-name', 'mounts', 'Learns the account of the person who runs the host, by HOME, USER, LOGNAME')
def user_name(f):
    told = [os.environ[name] for name in ('HOME', 'USER', 'LOGNAME', 'SUDO_USER') if name in os.environ]
    known = [text for text in told if text in (f['hostHome'], f['hostUser'])]
    if not known:
        raise Denied(f'it sees {told}')
    return ' '.join(known)


@attack('env.preload', 'environment', 'Finds variables that make other programs load code')
def preload(f):
    names = [name for name in os.environ if name in ('LD_PRELOAD', 'NODE_OPTIONS', 'PYTHONSTARTUP', 'BASH_ENV', f['canaryName'])]
    if not names:
        raise Denied('none is set')
    return ' '.join(names)


@attack('env.mount-paths', 'mounts', 'Learns where the host keeps its own data, by the list of mounts')
def mount_paths(f):
    # The paths of what it was granted it knows; where its own code and data really lie it need not.
    if f['stateFolder'] not in read_text('/proc/self/mountinfo', 1 << 20):
        raise Denied('no path of the host shows')
    return f['stateFolder']
