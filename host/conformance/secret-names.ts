import type { Manifest } from '@outrigger/schemas';
import { everything } from '../registry/trust.ts';

/** Names of the secrets a manifest asks for, optional ones included. */
export function secretNames(manifest: Manifest): string[] {
  return (everything(manifest).secrets ?? []).map((one) => (typeof one === 'string' ? one : one.name));
}
