import { createRequire } from 'node:module';
import type { Message, MessageReader, MessageWriter } from 'vscode-jsonrpc';
import { type Rpc, type RpcAnswer, wireError } from './services.ts';

export interface RpcOptions {
  /** Handles a request of the plugin; what it rejects with becomes an error answer. */
  readonly serve: (method: string, params: unknown, signal: AbortSignal) => Promise<unknown>;
  readonly answer: (answer: RpcAnswer) => void;
}

/** vscode-jsonrpc for what plugins ask of the host; loading it takes 10 ms, hence not before it is needed. */
export function openRpc({ serve, answer }: RpcOptions): Rpc {
  const { createMessageConnection, ResponseError } = createRequire(import.meta.url)(
    'vscode-jsonrpc/node',
  ) as typeof import('vscode-jsonrpc/node');
  const { reader, writer, deliver } = ends(answer);
  const rpc = createMessageConnection(reader, writer);
  const running = new Set<AbortController>();
  rpc.onRequest(async (method, params, token) => {
    const abort = new AbortController();
    running.add(abort);
    token.onCancellationRequested(() => abort.abort());
    if (token.isCancellationRequested) abort.abort();
    try {
      return await serve(method, params, abort.signal);
    } catch (error) {
      const { code, message, data } = wireError(error);
      return new ResponseError(code, message, data);
    } finally {
      running.delete(abort);
    }
  });
  rpc.listen();
  return {
    deliver,
    close: () => {
      for (const abort of running) abort.abort();
      rpc.dispose();
    },
  };
}

/** The library's two ends: messages are put into the one and come out of the other, our own streams stay out of its hands. */
function ends(answer: RpcOptions['answer']): { reader: MessageReader; writer: MessageWriter; deliver: Rpc['deliver'] } {
  let take: (message: Message) => void = ignore;
  const nothing = { dispose: ignore };
  const silent = () => nothing;
  const reader: MessageReader = {
    onError: silent,
    onClose: silent,
    onPartialMessage: silent,
    listen: (callback) => {
      take = callback;
      return nothing;
    },
    dispose: ignore,
  };
  const write = async (message: Message): Promise<void> => answer(message as unknown as RpcAnswer);
  const writer: MessageWriter = { onError: silent, onClose: silent, write, end: ignore, dispose: ignore };
  return { reader, writer, deliver: (message) => take(message as Message) };
}

function ignore(): void {}
