import type { Processes } from '../../../../processes/processes.ts';
import type { SandboxRef } from '../../../../sandboxes/asked/ref.ts';
import { ConnectError } from '../connect/connect-error.ts';
import { type StartedProcess, toStarted } from './mapping.ts';
import type { Selector } from './schemas.ts';

/** All that Start began and is still known, newest first. */
export async function listStarted(processes: Processes, ref: SandboxRef): Promise<readonly StartedProcess[]> {
  const all = await processes.list(ref);
  return all.flatMap((kept) => toStarted(kept) ?? []);
}

/** The one that is meant, rather one that runs than one that has ended; throws ConnectError `not_found`. */
export async function findStarted(processes: Processes, ref: SandboxRef, selector: Selector): Promise<StartedProcess> {
  const { pid, tag } = selector ?? {};
  const isMeant = toCriterion(pid, tag);
  const found = (await listStarted(processes, ref)).filter(isMeant);
  const best = found.find(({ kept }) => kept.endedAtMs === null) ?? found[0];
  if (best) return best;
  const what = typeof pid === 'number' ? `pid ${pid}` : `tag ${tag}`;
  throw new ConnectError('not_found', `process with ${what} not found`);
}

/** The same of one that runs. */
export async function findRunning(processes: Processes, ref: SandboxRef, selector: Selector): Promise<StartedProcess> {
  const found = await findStarted(processes, ref, selector);
  if (found.kept.endedAtMs === null) return found;
  throw new ConnectError('not_found', `process with pid ${found.kept.pid} not found: it has ended`);
}

function toCriterion(pid: number | null | undefined, wanted: string | null | undefined) {
  if (typeof pid === 'number') return ({ kept }: StartedProcess) => kept.pid === pid;
  if (typeof wanted === 'string') return ({ tag }: StartedProcess) => tag === wanted;
  throw new ConnectError('unimplemented', 'Name the process by its pid or its tag.');
}
