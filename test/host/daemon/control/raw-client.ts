import { connect, type Socket } from 'node:net';
import { waitUntil } from '../../../support/wait-until.ts';

export interface Said {
  readonly id?: unknown;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string; readonly data: { readonly code: string } };
}

/** A client that says what it is told to, on a socket of any kind. */
export class RawClient {
  readonly socket: Socket;
  readonly said: Said[] = [];
  isClosed = false;
  #text = '';
  #next = 1;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
    });
    socket.on('data', (chunk) => {
      const lines = (this.#text + chunk).split('\n');
      this.#text = lines.pop() as string;
      for (const line of lines) this.said.push(JSON.parse(line) as Said);
    });
  }

  static async open(path: string): Promise<RawClient> {
    const client = new RawClient(connect(path));
    await client.ask('hello', { protocol: 1 });
    return client;
  }

  send(message: object): void {
    this.socket.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  async ask(method: string, params: object = {}): Promise<Said> {
    const id = `ask-${this.#next++}`;
    this.send({ id, method, params });
    const answer = (): Said | undefined => this.said.find((said) => said.id === id);
    await waitUntil(() => answer() !== undefined || this.isClosed, `the answer to ${method}`, 20_000);
    return answer() ?? {};
  }

  close(): void {
    this.socket.destroy();
  }
}
