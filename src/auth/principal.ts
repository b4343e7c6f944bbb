import { SandboxError } from '../errors.ts';
import { type ApiKey, MASTER_KEY_NAME } from './api-keys.ts';

/** Who asks: the holder of an API key. */
export interface Principal {
  /** The key's name; for logs, records and sentences. */
  readonly name: string;
  /** Prefix of the user ids that the key may address; empty for any id. */
  readonly userPrefix: string;
  /** How many sandboxes made with the key may exist; null for any number. */
  readonly maxSandboxes: number | null;
}

/** The principal behind an API key. */
export function toPrincipal({ name, userPrefix, maxSandboxes }: ApiKey): Principal {
  return { name, userPrefix, maxSandboxes };
}

/** True for the holder of the operator's own key. */
export function isMaster({ name }: Principal): boolean {
  return name === MASTER_KEY_NAME;
}

/** Throws `forbidden` where a principal may not use the sandbox of this user. */
export function requireUser({ name, userPrefix }: Principal, userId: string | undefined): void {
  if (userPrefix === '' || userId?.startsWith(userPrefix)) return;
  throw new SandboxError(
    'forbidden',
    `The key ${name} is only for users whose ids begin with ${JSON.stringify(userPrefix)}.`,
  );
}
