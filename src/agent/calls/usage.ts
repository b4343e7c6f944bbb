import { z } from 'zod';
import type { AgentConnection } from '../wire/connection.ts';
import { call } from './call.ts';

/**
 * After so long without an answer an agent counts as hung, in milliseconds. One that is silent is noticed sooner; one that speaks may
 * have no CPU left for a question of the server's, and what runs in its sandbox must not end for that.
 */
const WAITING = { deadlineMs: 60_000 };

const folderUsage = z.object({ bytes: z.number().min(0), entries: z.number().min(0), complete: z.boolean() });

/** What folders of a sandbox take on their disk; where not `complete`, at least that. */
export type FolderUsage = z.infer<typeof folderUsage>;

/** Has a sandbox measure folders, for `timeMs` and up to `entries` of them. */
export function measureFolders(
  connection: AgentConnection,
  paths: readonly string[],
  limits: { readonly timeMs: number; readonly entries: number },
): Promise<FolderUsage> {
  return call(connection, 'usage', { paths, ...limits }, folderUsage, WAITING);
}

const load = z.object({
  memoryBytes: z.int().min(0),
  /** File cache beside it, which the kernel would give back. */
  cacheBytes: z.int().min(0).default(0),
  cpuNanos: z.int().min(0),
  /** The agent's own part of the CPU time. */
  ownCpuNanos: z.int().min(0).default(0),
  /** All that there are in it. */
  processes: z.int().min(0).default(0),
});

/** What a sandbox takes of memory, and its CPU time since it started, as it sees itself. */
export type Load = z.infer<typeof load>;

/** Asks a sandbox for its load, which takes no time; AgentFailure `unsupported` where it cannot see it. */
export function readLoad(connection: AgentConnection): Promise<Load> {
  return call(connection, 'load', {}, load, WAITING);
}

const work = z.object({ processes: z.int().min(0), contexts: z.int().min(0) });

/** How many processes of a sandbox are to keep it awake, and how many of its contexts run. */
export type KeptWork = z.infer<typeof work>;

/** Asks a sandbox what of its own is to keep it awake, which takes no time. */
export function readKeptWork(connection: AgentConnection): Promise<KeptWork> {
  return call(connection, 'awake', {}, work, WAITING);
}
