import type { FastifyBaseLogger } from 'fastify';
import { isSandboxError, messageOf, SandboxError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import { type Mode, TITLES } from '../config/modes.ts';
import type { Engine, EngineKind, EngineSandbox } from '../engines/engine.ts';
import { LABEL } from '../sandboxes/spec/engine-spec.ts';
import type { EngineNote, EngineUse } from './engine-note.ts';
import { type IncusName, isSameIncus, openEngine } from './open-engine.ts';

/** How long a sandbox may take to end its processes, in seconds. */
const GRACE_SECONDS = 2;

/** What ran the sandboxes of a folder until now. */
interface Former {
  readonly kind: EngineKind;
  /** Which Incus, where it is one. */
  readonly incus: IncusName | null;
}

/** What runs sandboxes in this configuration. */
export function useOf({ mode, incus: { remote, project } }: Pick<Config, 'mode' | 'incus'>): EngineUse {
  return { engine: mode, incus: isOfIncus(mode) ? { remote, project } : null };
}

/** What ran the sandboxes of a folder, and is to be left for what runs them in this configuration; null where that is the same. */
export function formerOf(note: EngineNote | null, config: Pick<Config, 'mode' | 'incus'>): Former | null {
  if (note === null || note.engine === 'remote') return null;
  const { engine: kind } = note;
  // Earlier versions did not say which Incus.
  const incus = isOfIncus(kind) ? (note.incus ?? config.incus) : null;
  const isSame = kind === config.mode && (incus === null || isSameIncus(incus, config.incus));
  return isSame ? null : { kind, incus: incus && { remote: incus.remote, project: incus.project } };
}

/** The same engine, to be asked what it has. */
export function openFormer({ kind, incus }: Former, config: Pick<Config, 'incus'>): Engine {
  return openEngine(kind, { ...config.incus, ...incus });
}

interface Leaving {
  readonly engine: Engine;
  readonly from: Former;
  readonly to: EngineUse;
  /** The identity of the data folder. */
  readonly instance: string;
  readonly logger: FastifyBaseLogger;
}

/**
 * Stops the sandboxes of a data folder on the engine that ran them until now, so that no disk is in use by two; their files stay. Throws
 * `unavailable` where that engine does not answer.
 */
export async function leaveEngine({ engine, from, to, instance, logger }: Leaving): Promise<void> {
  const running = await answering(from, to, async () => {
    const all = await engine.list({ [LABEL.instance]: instance });
    return all.filter(({ state }) => state === 'running' || state === 'paused');
  });
  for (const sandbox of running) await answering(from, to, async () => await stop(engine, sandbox));
  const sandboxes = running.map(({ name }) => name);
  const facts = { from: from.kind, to: to.engine, incus: { from: from.incus, to: to.incus }, sandboxes };
  logger.warn(facts, `the sandboxes of this folder were run by ${titleOf(from)}: stopped there`);
}

async function stop(engine: Engine, { id }: EngineSandbox): Promise<void> {
  try {
    await engine.stop(id, GRACE_SECONDS);
  } catch (error) {
    if (!isSandboxError(error, 'not_found')) throw error;
  }
}

async function answering<T>(from: Former, to: EngineUse, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new SandboxError(
      'unavailable',
      `The mode is ${to.engine}, and sandboxes of this data folder may still run on ${titleOf(from)}, which cannot stop them (${messageOf(cause)}): start that engine, or set ${settingsOf(from)}, or SANDBOX_DATA_DIR to another folder.`,
      { cause },
    );
  }
}

function titleOf({ kind, incus }: Former): string {
  return incus ? `${TITLES[kind]} (${incus.remote}, project ${incus.project})` : TITLES[kind];
}

function settingsOf({ kind, incus }: Former): string {
  const mode = `SANDBOX_MODE=${kind}`;
  if (!incus) return mode;
  return `${mode}, INCUS_REMOTE=${incus.remote} and INCUS_PROJECT=${incus.project} (where it is the same cluster at another address, name both addresses once)`;
}

function isOfIncus(mode: Mode): boolean {
  return mode === 'incus' || mode === 'incus-vm';
}
