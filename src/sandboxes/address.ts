import { createHash } from 'node:crypto';

/** Who a sandbox belongs to: the id that a client sent, in the name space of its dialect. */
export interface Owner {
  readonly namespace: string;
  /** As the client sent it, decoded; case-sensitive. */
  readonly id: string;
  /** Who asks, and makes the sandbox where there is none; the owner is the same whoever asks. */
  readonly creator?: Creator;
}

/** The name of an API key, and how many sandboxes that were made with it may exist; null for any number. */
export interface Creator {
  readonly name: string;
  readonly maxSandboxes: number | null;
}

/** Names a sandbox's folder and its name in the engine: a readable slug and a hash of the owner. */
export type SandboxId = string & { readonly __brand: 'SandboxId' };

const SLUG_CHARACTERS = 24;
const HASH_CHARACTERS = 20;

/** The sandbox id of an owner; two different owners never get the same one. */
export function toSandboxId(owner: Owner): SandboxId {
  const slug = owner.id
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, SLUG_CHARACTERS)
    .replace(/^-+|-+$/g, '');
  const hash = createHash('sha256').update(`${owner.namespace}\0${owner.id}`).digest('hex').slice(0, HASH_CHARACTERS);
  return `${slug || 'x'}-${hash}` as SandboxId;
}
