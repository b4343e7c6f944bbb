import { messageOf } from '../base/errors.ts';
import { ConfigError, type Settings } from '../config/config.ts';
import { incusMode, type Mode, TITLES } from '../config/modes.ts';
import type { EngineNote } from './engine-note.ts';

/** What was chosen, and why, as a sentence. */
export interface ModeChoice {
  readonly mode: Mode;
  readonly reason: string;
}

/** What is asked of this machine; each resolves with what answers, in words, and rejects with a sentence that says why nothing does. */
export interface Probes {
  docker(): Promise<string>;
  incus(): Promise<string>;
}

interface Asked {
  readonly settings: Pick<Settings, 'mode' | 'incusType' | 'dataDir' | 'remote'>;
  /** What the data folder says of its sandboxes; null where it says nothing. */
  readonly note: EngineNote | null;
  readonly probes: Probes;
}

/** Decides what runs sandboxes. Only `auto` asks this machine; throws a ConfigError that says for each why not where nothing is there. */
export async function chooseMode({ settings, note, probes }: Asked): Promise<ModeChoice> {
  const { mode, remote, dataDir, incusType } = settings;
  if (mode !== 'auto') return { mode, reason: `SANDBOX_MODE asks for ${mode}.` };
  if (remote) return { mode: 'remote', reason: `SANDBOX_MODE is auto, and SANDBOX_API_URL is ${remote.url}.` };
  const { engine } = note ?? {};
  if (engine !== undefined && engine !== 'remote') {
    const reason = `SANDBOX_MODE is auto, and the sandboxes of ${dataDir} were last run by ${TITLES[engine]}.`;
    return { mode: engine, reason };
  }
  const docker = await ask(probes.docker);
  if (docker.isThere) return { mode: 'docker', reason: `SANDBOX_MODE is auto, and ${docker.sentence}` };
  const incus = await ask(probes.incus);
  const without = `remote: SANDBOX_API_URL and a key for it are not both set. Docker: ${docker.sentence}`;
  if (incus.isThere) {
    return { mode: incusMode(incusType), reason: `SANDBOX_MODE is auto, and ${incus.sentence} Not ${without}` };
  }
  // What it lacks is said by the checks of a start, with the rest that such a user may not do.
  if (docker.isClosed)
    return { mode: 'docker', reason: `SANDBOX_MODE is auto, and Docker is there. ${docker.sentence}` };
  throw new ConfigError(
    `SANDBOX_MODE is auto, and there is nothing that runs sandboxes. ${without} Incus: ${incus.sentence}`,
  );
}

interface Probed {
  readonly isThere: boolean;
  /** True where something is there that this process may not use. */
  readonly isClosed: boolean;
  readonly sentence: string;
}

async function ask(probe: () => Promise<string>): Promise<Probed> {
  try {
    return { isThere: true, isClosed: false, sentence: await probe() };
  } catch (error) {
    const { cause } = error instanceof Error ? error : {};
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    return { isThere: false, isClosed: code === 'EACCES' || code === 'EPERM', sentence: messageOf(error) };
  }
}
