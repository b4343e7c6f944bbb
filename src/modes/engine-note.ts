import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { readText, writeAtomically } from '../base/atomic-file.ts';
import { ConfigError } from '../config/config.ts';
import type { Mode } from '../config/modes.ts';
import { openDataFolder } from '../sandboxes/storage/data-folder.ts';
import { INSTANCE_FILE } from '../sandboxes/storage/instance.ts';
import type { IncusName } from './open-engine.ts';

/** The file of a data folder that says what runs its sandboxes. */
export const ENGINE_FILE = 'engine.json';

const MODES = ['docker', 'incus', 'incus-vm', 'remote'] as const satisfies readonly Mode[];

const noteSchema = z.object({
  version: z.literal(1),
  engine: z.enum(MODES),
  used: z.array(z.enum(MODES)),
  incus: z.object({ remote: z.string(), project: z.string() }).optional(),
});

/** What a data folder says of its sandboxes. */
export interface EngineNote {
  /** What ran them last. */
  readonly engine: Mode;
  /** All that ever did. */
  readonly used: readonly Mode[];
  /** Which Incus did last; absent where none did, and in folders of an earlier version. */
  readonly incus?: IncusName | undefined;
}

/** What runs the sandboxes of a folder from now on. */
export interface EngineUse {
  readonly engine: Mode;
  /** Which Incus, where it is one. */
  readonly incus: IncusName | null;
}

/** A folder from before there was a choice. */
const BEFORE: EngineNote = { engine: 'docker', used: ['docker'] };

/** Reads it; null for a folder in which no server has run anything. Throws a ConfigError where the file says something else. */
export async function readEngineNote(dataDir: string): Promise<EngineNote | null> {
  const file = join(dataDir, ENGINE_FILE);
  const text = await readOrNull(file);
  if (text === null) return (await readOrNull(join(dataDir, INSTANCE_FILE))) === null ? null : BEFORE;
  const parsed = noteSchema.safeParse(parse(text));
  if (parsed.success) return parsed.data.used.length === 0 ? null : parsed.data;
  throw new ConfigError(
    `${file} does not say what runs the sandboxes of this folder: write {"version":1,"engine":"docker","used":["docker"]} into it, with the engine that they last ran on.`,
  );
}

/** Says in a new data folder that nothing has run there yet, so that one whose first start fails is not taken for an earlier version's. */
export async function beginEngineNote(dataDir: string, engine: Mode): Promise<void> {
  const isNew = (await readEngineNote(dataDir)) === null;
  if (isNew) await write(dataDir, { engine, used: [] });
}

/** Says in the data folder that its sandboxes are run by this from now on. */
export async function writeEngineNote(dataDir: string, { engine, incus: named }: EngineUse): Promise<void> {
  const before = await readEngineNote(dataDir);
  const incus = named ?? before?.incus;
  const isSaid = before?.engine === engine && isDeepStrictEqual(before.incus, incus);
  if (isSaid && (await readOrNull(join(dataDir, ENGINE_FILE))) !== null) return;
  const used = [...new Set([...(before?.used ?? []), engine])];
  await write(dataDir, { engine, used, incus });
}

/** Says in the data folder, made where it is absent, that another server has been used too; what runs on an engine here runs on. */
export async function addRemoteToNote(path: string): Promise<void> {
  const dataDir = await openDataFolder(path);
  const { engine = 'remote', used = [], incus } = (await readEngineNote(dataDir)) ?? {};
  if (!used.includes('remote')) await write(dataDir, { engine, used: [...used, 'remote'], incus });
}

async function write(dataDir: string, note: EngineNote): Promise<void> {
  await writeAtomically(join(dataDir, ENGINE_FILE), `${JSON.stringify({ version: 1, ...note })}\n`);
}

/** What this user may not read is as good as not there: whoever opens the folder says why. */
async function readOrNull(file: string): Promise<string | null> {
  return await readText(file).catch(() => null);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
