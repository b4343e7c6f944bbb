import { SandboxError } from '../base/errors.ts';
import { type ApiKey, MASTER_KEY_NAME } from './api-keys.ts';
import { type ClientLimits, NO_LIMITS } from './client-limits.ts';

export { keyNameOf } from './key-name.ts';

/** Who asks: the holder of an API key, or a user that such a holder has named. */
export interface Principal {
  /** The key's name, and for a user of its holder a slash and the user's id; for logs, records and sentences. */
  readonly name: string;
  /** Prefix of the user ids that the key may address; empty for any id. */
  readonly userPrefix: string;
  /** How many sandboxes made with the key may exist; null for any number. */
  readonly maxSandboxes: number | null;
  /** What those may take of the disk together, in bytes; absent for any size. */
  readonly maxDiskBytes?: number;
  /** What the client of a gateway may have of that; absent for whom no gateway asks. */
  readonly client?: ClientLimits;
  /** The user that a key's holder has named; absent for the holder. */
  readonly userId?: string;
}

/** The principal behind an API key. */
export function toPrincipal({ name, userPrefix, maxSandboxes, maxDiskBytes }: ApiKey): Principal {
  return { name, userPrefix, maxSandboxes, ...(maxDiskBytes === null ? {} : { maxDiskBytes }) };
}

/** One of the users of a key's holder: a principal of its own, whose sandboxes count for the key. */
export function asUser(holder: Principal, userId: string): Principal {
  return { ...holder, name: `${holder.name}/${userId}`, userId };
}

/** The id of the user that such a principal is; empty for the holder of a key. */
export function userIdOf({ userId = '' }: Principal): string {
  return userId;
}

/** Somebody for whom a gateway asks; its sandboxes count for the gateway's key. The prefix is the longer one of both. */
export function behindGateway(
  gateway: Principal,
  name: string,
  userPrefix: string,
  client: ClientLimits = NO_LIMITS,
): Principal {
  const longer = userPrefix.startsWith(gateway.userPrefix) ? userPrefix : gateway.userPrefix;
  if (!longer.startsWith(userPrefix)) {
    const sentence = `The key ${gateway.name} is only for users whose ids begin with ${JSON.stringify(gateway.userPrefix)}, and the gateway's for others.`;
    throw new SandboxError('forbidden', sentence);
  }
  return { ...gateway, name: `${gateway.name}/${name}`, userPrefix: longer, client };
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
