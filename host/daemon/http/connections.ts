import type { Socket } from 'node:net';

/**
 * The connections of an HTTP server, at most so many. One more takes the place of the one that has been quiet longest among those who
 * showed no token: whoever opens many and says nothing keeps nobody out. Where all have shown one, the new connection is ended.
 */
export class Connections {
  readonly #most: number;
  readonly #open: Set<Socket> = new Set();
  /** Those without a token in their latest request, the quietest first. */
  readonly #guests: Set<Socket> = new Set();
  /** Connections that were ended because there were too many. */
  dropped = 0;

  constructor(most: number) {
    this.#most = most;
  }

  accept(socket: Socket): void {
    if (this.#open.size >= this.#most) {
      const [quietest = socket] = this.#guests;
      this.#end(quietest);
      if (quietest === socket) return;
    }
    this.#open.add(socket);
    this.#guests.add(socket);
    socket.once('close', () => this.#forget(socket));
  }

  /** A request came in whole, with the token or without. */
  heard(socket: Socket, isLetIn: boolean): void {
    this.#guests.delete(socket);
    if (!isLetIn && this.#open.has(socket)) this.#guests.add(socket);
  }

  #end(socket: Socket): void {
    this.dropped += 1;
    this.#forget(socket);
    socket.destroy();
  }

  #forget(socket: Socket): void {
    this.#open.delete(socket);
    this.#guests.delete(socket);
  }
}
