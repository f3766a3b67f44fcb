"""Attacks by sockets of every family."""

import errno
import os
import socket
import struct

from kit import REFUSALS, Denied, Skipped, attack, raw

FAMILIES = {'bluetooth': 31, 'can': 29, 'alg': 38, 'xdp': 44, 'tipc': 30, 'nfc': 39, 'rds': 21, 'x25': 9, 'vsock': 40, 'kcm': 41, 'qipcrtr': 42, 'smc': 43, 'mctp': 45}


def connects(family, address, text=b'planted\n'):
    with socket.socket(family, socket.SOCK_STREAM) as channel:
        channel.settimeout(5)
        channel.connect(address)
        channel.sendall(text)
        return channel.recv(256).decode('utf8', 'replace') or 'connected'


@attack('net.loopback', 'net-namespace', 'Connects to a server on the loopback of the machine')
def loopback(f):
    return connects(socket.AF_INET, ('127.0.0.1', f['tcpPort']))


@attack('net.loopback6', 'net-namespace', 'Connects to a server on the loopback of the machine by IPv6')
def loopback6(f):
    return connects(socket.AF_INET6, ('::ffff:127.0.0.1', f['tcpPort']))


@attack('net.loopback-granted', 'net-namespace', 'Connects to the loopback of the machine, granted another host only', net=True)
def loopback_granted(f):
    return connects(socket.AF_INET, ('127.0.0.1', f['tcpPort']))


@attack('net.proxy-loopback', 'proxy', 'Asks its proxy for a server on the loopback of the machine', net=True)
def proxy_loopback(f):
    return proxied(f'127.0.0.1:{f["tcpPort"]}')


@attack('net.proxy-name', 'proxy', 'Asks its proxy for the same by a name', net=True)
def proxy_name(f):
    return proxied(f'localhost:{f["tcpPort"]}')


@attack('net.proxy-number', 'proxy', 'Asks its proxy for the same by an address spelled otherwise', net=True)
def proxy_number(f):
    for address in ('2130706433', '0x7f000001', '0177.0.0.1', '127.1', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0', '127.0.0.1.'):
        try:
            return proxied(f'{address}:{f["tcpPort"]}')
        except Denied:
            continue
    raise Denied('each was refused')


@attack('net.proxy-smuggle', 'proxy', 'Hides the loopback behind the granted host in the request to its proxy', net=True)
def proxy_smuggle(f):
    for target in (f'granted.example:443@127.0.0.1:{f["tcpPort"]}', f'granted.example:443\r\nHost: 127.0.0.1:{f["tcpPort"]}'):
        try:
            return proxied(target)
        except Denied:
            continue
    raise Denied('each was refused')


def proxied(target):
    """A tunnel by the proxy of a sandbox; where there is none, there is nothing to get past."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as channel:
        channel.settimeout(10)
        try:
            channel.connect(('127.0.0.1', 3128))
        except ConnectionRefusedError as error:
            raise Skipped('there is no proxy') from error
        channel.sendall(f'CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n'.encode())
        line = channel.recv(256).decode('latin1').split('\r\n')[0]
        if ' 200' not in line:
            raise Denied(line or 'closed')
        channel.sendall(b'planted\n')
        return line + ' ' + channel.recv(256).decode('latin1')


@attack('net.any-address', 'net-namespace', 'Connects to the machine by the address 0.0.0.0')
def any_address(f):
    return connects(socket.AF_INET, ('0.0.0.0', f['tcpPort']))


@attack('net.lan', 'net-namespace', 'Connects to the machine by its address in the local network')
def lan(f):
    if not f['lanAddress']:
        raise Skipped('this machine has no address but its loopback')
    return connects(socket.AF_INET, (f['lanAddress'], f['tcpPort']))


@attack('net.route', 'net-namespace', 'Has a way out of the machine')
def route(_):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.connect(('203.0.113.1', 53))
        return f'packets would leave from {channel.getsockname()[0]}'


@attack('net.dns', 'net-namespace', 'Sends data out in the name it asks a name server for')
def dns(f):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.sendto(b'planted', ('127.0.0.1', f['udpPort']))
    raise Denied('sent; the host looks whether it arrived')


@attack('net.interfaces', 'net-namespace', 'Learns the addresses of the machine')
def interfaces(_):
    names = [name for _, name in socket.if_nameindex() if name != 'lo']
    if not names:
        raise Denied('it sees only a loopback of its own')
    return ' '.join(names)


@attack('net.connections', 'net-namespace', 'Lists who is connected with whom')
def connections(f):
    with open('/proc/net/tcp') as file:
        text = file.read()
    if f':{f["tcpPort"]:04X} ' not in text:
        raise Denied('it sees only its own')
    return f'{len(text.splitlines()) - 1} connections'


@attack('net.unix-granted', 'seccomp', 'Connects to a Unix socket that lies in a folder granted for reading')
def unix_granted(f):
    return connects(socket.AF_UNIX, f['grantedSocket'])


@attack('net.unix-outside', 'mounts', 'Connects to a Unix socket outside what was granted, such as that of an agent')
def unix_outside(f):
    return connects(socket.AF_UNIX, f['outsideSocket'])


@attack('net.unix-outside-ipc', 'mounts', 'The same with permission to use Unix sockets', ipc=True)
def unix_outside_ipc(f):
    return connects(socket.AF_UNIX, f['outsideSocket'])


@attack('net.abstract-unix', 'seccomp', 'Connects to an abstract Unix socket, which no folder holds')
def abstract_unix(f):
    return connects(socket.AF_UNIX, '\0' + f['abstractSocket'])


@attack('net.abstract-unix-ipc', 'net-namespace', 'The same with permission to use Unix sockets', ipc=True)
def abstract_unix_ipc(f):
    return connects(socket.AF_UNIX, '\0' + f['abstractSocket'])


@attack('net.system-sockets', 'mounts', 'Connects to services of the machine: D-Bus, Docker, the log', ipc=True)
def system_sockets(_):
    there = [path for path in ('/run/docker.sock', '/var/run/docker.sock', '/run/dbus/system_bus_socket', '/dev/log', '/run/systemd/notify') if os.path.exists(path)]
    if not there:
        raise Denied('none shows')
    return ' '.join(there)


@attack('net.unix-seqpacket', 'seccomp', 'Makes a Unix socket of another type, though it was granted none')
def unix_seqpacket(_):
    socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).close()


@attack('net.unix-pair-datagram', 'seccomp', 'Sends to a Unix socket it can see by a datagram socket of an anonymous pair, though it was granted none')
def unix_pair_datagram(f):
    ours, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours:
        try:
            ours.sendto(b'x', f['grantedSocket'])
        except ConnectionError as error:
            return f'sent, and nobody took it: {error}'
        except OSError as error:
            if error.errno == errno.EPROTOTYPE:
                return 'reached a socket of another type'
            raise


@attack('net.raw', 'capabilities', 'Makes packets by hand (raw IP)')
def raw_ip(_):
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()


@attack('net.ping', 'net-namespace', 'Sends a ping out of the machine')
def ping(_):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP) as channel:
        channel.sendto(struct.pack('!BBHHH', 8, 0, 0, 0, 1), ('203.0.113.1', 0))


@attack('net.packet', 'capabilities', 'Listens to all packets of the machine')
def packet(_):
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()


@attack('net.packet-dgram', 'seccomp', 'The same without the headers')
def packet_dgram(_):
    socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0).close()


@attack('net.vsock', 'seccomp', 'Reaches the machine below this virtual one (vsock), which no network namespace holds')
def vsock(_):
    family('vsock')


@attack('net.vsock-connect', 'seccomp', 'Connects to the machine below this virtual one')
def vsock_connect(_):
    with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as channel:
        channel.settimeout(2)
        try:
            channel.connect((2, 1))
        except OSError as error:
            if error.errno in REFUSALS:
                raise
            return f'the call was carried out: {error.strerror or error}'


@attack('net.netlink-audit', 'seccomp', 'Talks to the audit of the kernel')
def netlink_audit(_):
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9).close()


@attack('net.netlink-netfilter', 'seccomp', 'Talks to the firewall, the part of the kernel with the most holes')
def netlink_netfilter(_):
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12).close()


@attack('net.netlink-uevent', 'seccomp', 'Hears of devices that are plugged in')
def netlink_uevent(_):
    socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, 15).close()


@attack('net.netlink-diag', 'seccomp', 'Asks the kernel for the sockets of others')
def netlink_diag(_):
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4).close()


@attack('net.netlink-xfrm', 'seccomp', 'Talks to the IPsec part of the kernel')
def netlink_xfrm(_):
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 6).close()


@attack('net.netlink-generic', 'seccomp', 'Talks to drivers by generic netlink')
def netlink_generic(_):
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16).close()


@attack('net.bluetooth', 'seccomp', 'Uses Bluetooth')
def bluetooth(_):
    family('bluetooth', socket.SOCK_RAW, 1)


@attack('net.can', 'seccomp', 'Uses the bus of a vehicle (CAN)')
def can(_):
    family('can', socket.SOCK_RAW, 1)


@attack('net.alg', 'seccomp', 'Uses the ciphers of the kernel')
def alg(_):
    family('alg', socket.SOCK_SEQPACKET)


@attack('net.xdp', 'seccomp', 'Takes packets before the kernel sees them')
def xdp(_):
    family('xdp', socket.SOCK_RAW)


@attack('net.rare-families', 'seccomp', 'Makes the kernel load rarely used protocols')
def rare(_):
    made = []
    for name in ('tipc', 'nfc', 'rds', 'x25', 'kcm', 'qipcrtr', 'smc', 'mctp'):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
            try:
                socket.socket(FAMILIES[name], kind).close()
                made.append(name)
                break
            except OSError as error:
                if error.errno not in REFUSALS:
                    continue
    if not made:
        raise Denied('none could be made')
    return ' '.join(made)


@attack('net.sctp', 'seccomp', 'Uses a rarely used protocol over IP (SCTP)')
def sctp(_):
    socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132).close()


@attack('net.high-bits', 'seccomp', 'Hides the family of a socket in a number of 64 bits')
def high_bits(_):
    nr = {'x86_64': 41, 'aarch64': 198}[os.uname().machine]
    os.close(raw(nr, (1 << 32) | socket.AF_VSOCK, socket.SOCK_STREAM, 0))


@attack('net.listen-outside', 'net-namespace', 'Serves on a port that others can reach')
def listen_outside(f):
    with socket.create_server(('0.0.0.0', 0)) as server:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(('203.0.113.1', 53))
        return f'listens on {server.getsockname()}'


def family(name, kind=socket.SOCK_STREAM, protocol=0):
    socket.socket(FAMILIES[name], kind, protocol).close()
