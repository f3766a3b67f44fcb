// Attacks by the network.
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { get } from 'node:http';
import { connect as connectSecure } from 'node:http2';
import { connect, createServer } from 'node:net';

const WAIT_MS = 5000;

function connects(where) {
  return new Promise((resolve, reject) => {
    const channel = connect(where, () => channel.write('planted\n'));
    channel.setTimeout(WAIT_MS, () => channel.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
    channel.once('data', (text) => resolve(`connected, got ${text}`)).once('error', reject);
  });
}

function sends(port, address) {
  return new Promise((resolve, reject) => {
    createSocket('udp4').send('planted', port, address, (error) => (error ? reject(error) : resolve('sent')));
  });
}

export const sockets = [
  {
    id: 'net.loopback',
    layer: 'net-namespace',
    about: 'Connects to a server on the loopback of the machine',
    run: (f) => connects({ host: '127.0.0.1', port: f.tcpPort }),
  },
  {
    id: 'net.loopback6',
    layer: 'net-namespace',
    about: 'The same by IPv6',
    run: (f) => connects({ host: '::ffff:127.0.0.1', port: f.tcpPort }),
  },
  {
    id: 'net.any-address',
    layer: 'net-namespace',
    about: 'Connects to the machine by the address 0.0.0.0',
    run: (f) => connects({ host: '0.0.0.0', port: f.tcpPort }),
  },
  {
    id: 'net.lan',
    layer: 'net-namespace',
    about: 'Connects to the machine by its address in the local network',
    run: (f, kit) => {
      if (!f.lanAddress) throw kit.skipped('this machine has no address but its loopback');
      return connects({ host: f.lanAddress, port: f.tcpPort });
    },
  },
  {
    id: 'net.fetch',
    layer: 'net-namespace',
    about: 'Fetches from a server on the machine',
    run: async (f, kit) => {
      try {
        return await (await fetch(`http://127.0.0.1:${f.httpPort}/planted`, { signal: AbortSignal.timeout(WAIT_MS) })).text();
      } catch (error) {
        throw kit.denied(error.cause?.code ?? error.message);
      }
    },
  },
  {
    id: 'net.http',
    layer: 'net-namespace',
    about: 'The same by node:http',
    run: (f) =>
      new Promise((resolve, reject) => {
        get({ host: '127.0.0.1', port: f.httpPort, path: '/planted', timeout: WAIT_MS }, (answer) => {
          answer.once('data', (text) => resolve(String(text)));
        }).once('error', reject);
      }),
  },
  {
    id: 'net.http2',
    layer: 'net-namespace',
    about: 'Connects by node:http2',
    run: (f) =>
      new Promise((resolve, reject) => {
        const session = connectSecure(`http://127.0.0.1:${f.tcpPort}`, () => resolve('connected'));
        session.once('error', reject);
      }),
  },
  {
    id: 'net.websocket',
    layer: 'net-namespace',
    about: 'Connects by a WebSocket',
    run: (f, kit) =>
      new Promise((resolve, reject) => {
        const channel = new WebSocket(`ws://127.0.0.1:${f.httpPort}/planted`);
        channel.onopen = () => resolve('connected');
        // Whether a connection was made at all is seen by the host.
        channel.onerror = () => reject(kit.denied('no WebSocket'));
      }),
  },
  {
    id: 'net.udp',
    layer: 'net-namespace',
    about: 'Sends data out by UDP',
    run: async (f, kit) => {
      await sends(f.udpPort, '127.0.0.1');
      throw kit.denied('sent; the host looks whether it arrived');
    },
  },
  {
    id: 'net.udp-outside',
    layer: 'net-namespace',
    about: 'Sends data out of the machine by UDP; to an address that belongs to nobody',
    run: () => sends(9, '203.0.113.1'),
  },
  {
    id: 'net.broadcast',
    layer: 'net-namespace',
    about: 'Calls to all machines of the local network',
    run: () =>
      new Promise((resolve, reject) => {
        const channel = createSocket('udp4');
        channel.bind(0, () => {
          channel.setBroadcast(true);
          channel.send('x', 9, '255.255.255.255', (error) => (error ? reject(error) : resolve('sent')));
        });
      }),
  },
  {
    id: 'net.dns',
    layer: 'net-namespace',
    about: 'Sends data out in the name it asks a name server for',
    run: async (f, kit) => {
      const resolver = new Resolver({ timeout: 500, tries: 1 });
      resolver.setServers([`127.0.0.1:${f.udpPort}`]);
      // The server of the host only counts: no answer ever comes.
      await resolver.resolve4('planted.example').catch(() => undefined);
      throw kit.denied('asked; the host looks whether the question arrived');
    },
  },
  {
    id: 'net.unix-granted',
    layer: 'seccomp',
    about: 'Connects to a Unix socket that lies in a folder granted for reading',
    run: (f) => connects({ path: f.grantedSocket }),
  },
  {
    id: 'net.unix-outside',
    layer: 'mounts',
    about: 'Connects to a Unix socket outside what was granted',
    run: (f) => connects({ path: f.outsideSocket }),
  },
  {
    id: 'net.unix-outside-ipc',
    layer: 'mounts',
    about: 'The same with permission to use Unix sockets',
    grants: { ipc: true },
    run: (f) => connects({ path: f.outsideSocket }),
  },
  {
    id: 'net.abstract-unix',
    layer: 'seccomp',
    about: 'Connects to an abstract Unix socket, which no folder holds',
    run: (f) => connects({ path: `\0${f.abstractSocket}` }),
  },
  {
    id: 'net.abstract-unix-ipc',
    layer: 'net-namespace',
    about: 'The same with permission to use Unix sockets',
    grants: { ipc: true },
    run: (f) => connects({ path: `\0${f.abstractSocket}` }),
  },
  {
    id: 'net.unix-listen',
    layer: 'seccomp',
    about: 'Leaves a Unix socket in the folder it may write, for others to fall for',
    run: (f) =>
      new Promise((resolve, reject) => {
        const server = createServer().once('error', reject);
        server.listen(`${f.write}/service.sock`, () => resolve('listens'));
      }),
  },
];
