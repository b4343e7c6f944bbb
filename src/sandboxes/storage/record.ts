import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Creator, Owner, SandboxId } from '../address.ts';

/** What a client may ask for at create; what is absent follows the configuration. */
export interface SandboxOverrides {
  readonly image?: string | undefined;
  readonly memoryBytes?: number | undefined;
  readonly cpus?: number | undefined;
  readonly network?: 'none' | 'proxy' | undefined;
  /** Egress patterns: what is left of all that the configuration allows. */
  readonly egressAllow?: readonly string[] | undefined;
}

/** What `sandbox.json` holds: all that must outlive the server and the engine's memory of a sandbox. */
export const recordSchema = z.object({
  version: z.literal(1),
  id: z.string(),
  owner: z.object({ namespace: z.string(), id: z.string() }),
  /** Proves the server to the sandbox's agent; 64 hex digits. */
  secret: z.string().regex(/^[0-9a-f]{64}$/),
  overrides: z.object({
    image: z.string().optional(),
    memoryBytes: z.number().optional(),
    cpus: z.number().optional(),
    network: z.enum(['none', 'proxy']).optional(),
    egressAllow: z.array(z.string()).readonly().optional(),
  }),
  engineId: z.string().nullable(),
  /** Its user, inside and to the engine; null where it has none of its own yet. The folder's own note of it comes first. */
  uid: z.int().nullable().default(null),
  /** The name of the API key that made it; null where nobody knows. */
  createdBy: z.string().nullable().default(null),
  createdAtMs: z.number(),
  lastUsedAtMs: z.number(),
  executions: z.int().min(0),
  /** Set when the owner deleted the sandbox; its files stay. */
  deletedAtMs: z.number().nullable(),
});

export type SandboxRecord = z.infer<typeof recordSchema>;

/** A fresh secret between the server and one sandbox's agent. */
export function newSecret(): string {
  return randomBytes(32).toString('hex');
}

interface NewSandbox {
  readonly id: SandboxId;
  readonly owner: Owner;
  readonly creator: Creator | undefined;
}

/** The record of a sandbox that begins its life now. */
export function newRecord(sandbox: NewSandbox, overrides: SandboxOverrides, nowMs: number): SandboxRecord {
  const { id, owner, creator } = sandbox;
  return {
    version: 1,
    id,
    owner: { namespace: owner.namespace, id: owner.id },
    secret: newSecret(),
    overrides: { ...overrides },
    engineId: null,
    uid: null,
    createdBy: creator?.name ?? null,
    createdAtMs: nowMs,
    lastUsedAtMs: nowMs,
    executions: 0,
    deletedAtMs: null,
  };
}

/** The record of a sandbox that is to start: what it was, with what is asked for now; one that was deleted begins anew. */
export function toStartedRecord(
  sandbox: NewSandbox & { readonly record: SandboxRecord | null },
  overrides: SandboxOverrides,
  nowMs: number,
): SandboxRecord {
  const { record } = sandbox;
  if (!record) return newRecord(sandbox, overrides, nowMs);
  if (record.deletedAtMs === null) return { ...record, overrides: { ...record.overrides, ...overrides } };
  return { ...newRecord(sandbox, overrides, nowMs), secret: record.secret };
}
