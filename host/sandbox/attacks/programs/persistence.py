"""Attacks that are to last beyond the end of the plugin, or to reach who comes after it."""

import os
import sys

from kit import Denied, attack


def appended(path, text='\n# was here\n'):
    with open(path, 'a') as file:
        file.write(text)
    return path


@attack('keep.shell-start', 'mounts', 'Adds a line to what the shell of the person runs at its start')
def shell_start(f):
    return appended(f['home'] + '/.bashrc')


@attack('keep.autostart', 'mounts', 'Leaves a program that the desktop starts')
def autostart(f):
    return appended(f['home'] + '/.config/autostart/planted.desktop')


@attack('keep.user-service', 'mounts', 'Leaves a service of the user')
def user_service(f):
    return appended(f['home'] + '/.config/systemd/user/planted.service')


@attack('keep.authorized-keys', 'mounts', 'Adds a key that may log in')
def authorized_keys(f):
    return appended(f['home'] + '/.ssh/authorized_keys')


@attack('keep.git-hook', 'mounts', 'Leaves a hook in the work of the person')
def git_hook(f):
    return appended(f['workspace'] + '/.git/hooks/pre-commit')


@attack('keep.host-config', 'mounts', 'Gives itself more rights in the configuration of the host')
def host_config(f):
    return appended(f['hostConfig'])


@attack('keep.lock-file', 'mounts', 'Changes the lock file, so that other code of it is accepted')
def lock_file(f):
    return appended(f['lockFile'])


@attack('keep.cache', 'mounts', 'Puts compiled code for others into the cache of the host')
def cache(f):
    return appended(f['cache'] + '/planted.blob')


@attack('keep.own-installation', 'mounts', 'Leaves a file beside its own code that it loads the next time')
def own_installation(_):
    return appended(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'sitecustomize.py'))


@attack('keep.interpreter', 'mounts', 'Leaves a file that its interpreter loads at every start')
def interpreter(_):
    folders = [path for path in sys.path if path.endswith(('site-packages', 'dist-packages'))]
    for folder in folders:
        path = folder + '/outrigger_sandbox_test.pth'
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError:
            continue
        os.unlink(path)
        return path
    raise Denied('no folder could be written')


@attack('keep.cron', 'mounts', 'Leaves a job that the machine starts by itself')
def cron(_):
    for folder in ('/etc/cron.d', '/var/spool/cron/crontabs', '/var/spool/cron'):
        path = folder + '/outrigger-sandbox-test'
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o000))
        except OSError:
            continue
        os.unlink(path)
        return folder
    raise Denied('no folder could be written')


@attack('keep.temporary', 'mounts', 'Leaves a file in the temporary folder of the machine')
def temporary(f):
    path = f['sharedTemporary']
    with open(path, 'w') as file:
        file.write('planted')
    raise Denied('written; the host looks whether it is there')


@attack('keep.daemon', 'pid-namespace', 'Leaves a process that lives on after it has ended', run=True)
def daemon(f):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            live_on(f)
        os._exit(0)
    os.wait()
    raise Denied('left; the host looks whether it lives')


@attack('keep.daemon-single', 'pid-namespace', 'Leaves a process in the group it was started in', run=True)
def daemon_single(f):
    if os.fork() == 0:
        live_on(f)
    raise Denied('left; the host looks whether it lives')


def live_on(f):
    """Known to the host by its command line; ends by itself for the case that nobody ends it."""
    handle = os.open('/dev/null', os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(handle, number)
    os.execv('/bin/sleep', [f['leftBehind'], '30'])


@attack('keep.hostname-file', 'mounts', 'Replaces a file granted for reading by one of its own')
def replace_file(f):
    path = f['write'] + '/new'
    with open(path, 'w') as file:
        file.write('planted')
    os.rename(path, f['readFile'])
