// Hooks inside one process: tapable and hookable, with nobody and with one handler.
import { createHooks } from 'hookable';
import { AsyncSeriesHook } from 'tapable';

export function open({ handler }) {
  const tapable = new AsyncSeriesHook(['payload']);
  const hookable = createHooks();
  if (handler !== undefined) {
    tapable.tapPromise('handler', handler);
    hookable.hook('event', handler);
  }
  return { tapable: (payload) => tapable.promise(payload), hookable: (payload) => hookable.callHook('event', payload) };
}
