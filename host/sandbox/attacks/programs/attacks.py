"""Runs one attack on the sandbox it is in. `list` prints what there is; `run ID` reads the fixtures from stdin and prints one line."""

import errno
import json
import os
import sys

# By hand, for a sandbox may forbid what imports by name do.
import descriptors
import environment
import files
import ipc
import kernel
import mounts
import persistence
import processes
import resources
import sockets
from kit import ATTACKS, Denied, Skipped

MODULES = (descriptors, environment, files, ipc, kernel, mounts, persistence, processes, resources, sockets)


def main(args):
    if args == ['list']:
        facts = [{key: value for key, value in attack.items() if key != 'function'} for attack in ATTACKS.values()]
        return say(facts)
    fixtures = json.loads(sys.stdin.readline())
    [_, name] = args
    verdict, detail = outcome(ATTACKS[name]['function'], fixtures)
    return say({'id': name, 'verdict': verdict, 'detail': detail})


def outcome(run, fixtures):
    """A crash is no denial: it is reported as one."""
    try:
        return 'ALLOWED', str(run(fixtures) or 'it worked')
    except Skipped as skipped:
        return 'SKIPPED', str(skipped)
    except Denied as denied:
        return 'DENIED', str(denied)
    except MemoryError:
        return 'DENIED', 'no memory'
    except OSError as error:
        return 'DENIED', f'{errno.errorcode.get(error.errno, "")} {error.strerror or error}'.strip()
    except BaseException as error:
        return 'ERROR', f'{type(error).__name__}: {error}'


def say(value):
    line = (json.dumps(value) + '\n').encode()
    while line:
        line = line[os.write(1, line) :]


main(sys.argv[1:])
# Not an orderly end: threads and children of an attack must not hold it up.
os._exit(0)
