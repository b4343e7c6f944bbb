import { hash, randomBytes } from 'node:crypto';

/** How a dialect names a sandbox: an id in the namespace of the dialect. */
export interface SandboxAddress {
  readonly namespace: string;
  /** As the client sent it, decoded; case-sensitive. */
  readonly id: string;
}

/** An address that nobody has had and nobody can guess, for a dialect whose ids are ours. */
export function newAddress(namespace: string): SandboxAddress {
  return { namespace, id: randomBytes(16).toString('hex') };
}

/** Names a sandbox's folder and its name in the engine: a readable slug and a hash of the address. */
export type SandboxId = string & { readonly __brand: 'SandboxId' };

const SLUG_CHARACTERS = 24;
const HASH_CHARACTERS = 20;

/** The sandbox id of an address; two different addresses never get the same one. */
export function toSandboxId(address: SandboxAddress): SandboxId {
  const slug = address.id
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, SLUG_CHARACTERS)
    .replace(/^-+|-+$/g, '');
  const digest = hash('sha256', `${address.namespace}\0${address.id}`, 'hex').slice(0, HASH_CHARACTERS);
  return `${slug || 'x'}-${digest}` as SandboxId;
}
