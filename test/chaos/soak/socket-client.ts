import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

interface Reply {
  readonly id?: unknown;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string; readonly data: { readonly code: string } };
}

/** A client in thirty lines: what an application in any language would write. */
export class SocketClient {
  readonly socket: Socket;
  readonly #pending: Map<number, (reply: Reply) => void> = new Map();
  #text = '';
  #next = 1;

  static async open(path: string): Promise<SocketClient> {
    const socket = connect(path);
    await once(socket, 'connect');
    const client = new SocketClient(socket);
    await client.ask('hello', { protocol: 1 });
    return client;
  }

  private constructor(socket: Socket) {
    this.socket = socket.setEncoding('utf8');
    socket.on('error', () => {});
    socket.on('close', () => this.#end());
    socket.on('data', (chunk) => this.#take(String(chunk)));
  }

  /** Rejects with an error whose `code` is that of the answer, or CONNECTION_LOST. */
  async ask(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = this.#next++;
    const { result, error } = await new Promise<Reply>((resolve) => {
      this.#pending.set(id, resolve);
      if (this.socket.destroyed) this.#end();
      else this.socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    });
    if (error !== undefined) throw Object.assign(new Error(error.message), { code: error.data.code });
    return result ?? {};
  }

  close(): void {
    this.socket.destroy();
  }

  #take(chunk: string): void {
    const lines = (this.#text + chunk).split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) {
      const reply = JSON.parse(line) as Reply;
      const settle = this.#pending.get(reply.id as number);
      this.#pending.delete(reply.id as number);
      settle?.(reply);
    }
  }

  #end(): void {
    const lost = { error: { message: 'the connection ended', data: { code: 'CONNECTION_LOST' } } };
    for (const settle of this.#pending.values()) settle(lost);
    this.#pending.clear();
  }
}
