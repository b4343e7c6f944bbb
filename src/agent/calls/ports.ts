import { z } from 'zod';
import type { AgentConnection } from '../wire/connection.ts';
import { collectLines } from './lines.ts';

/** How long the agent may take, in milliseconds: it looks for two seconds at the most. */
const IDLE_MS = 20_000;

/** The most ports that it tells. */
const MAX_PORTS = 512;

const listener = z.object({
  port: z.int().min(1).max(65_535),
  process: z.object({ id: z.int().min(1).nullable(), pid: z.int().min(1), command: z.string().max(16_384) }).nullable(),
});

/** A port of the sandbox's loopback that somebody listens on, and who that is where it is known. */
export type Listener = z.infer<typeof listener>;

/** All that listen, lowest first, without the agent's own. */
export async function listListeners(connection: AgentConnection): Promise<readonly Listener[]> {
  const how = { item: listener, result: z.object({ truncated: z.boolean() }), limit: MAX_PORTS };
  return (await collectLines(connection, 'ports', {}, how, { idleMs: IDLE_MS })).items;
}
