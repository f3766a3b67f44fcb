import type { Duplex } from 'node:stream';

/** Joins both sides until each has ended its half; an error of one ends the other. Bytes wait where the reader is slower. */
export function tunnel(client: Duplex, server: Duplex, head: Buffer): void {
  const end = (): void => {
    client.destroy();
    server.destroy();
  };
  for (const side of [client, server]) {
    side.on('error', end);
    side.once('close', end);
  }
  if (client.destroyed || server.destroyed) {
    end();
    return;
  }
  if (head.length > 0) server.write(head);
  client.pipe(server);
  server.pipe(client);
}
