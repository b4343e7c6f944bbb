import { withDeadline } from '../../async/deadline.ts';
import type { Config } from '../../config/config.ts';
import type { Engine, EngineExec, EngineId, EngineSpec, EngineUser } from '../../engines/engine.ts';
import { isSandboxError, SandboxError } from '../../errors.ts';
import { LABEL, toEngineName } from '../spec/engine-spec.ts';
import { WORKSPACE } from '../spec/layout.ts';

/** How long the program of a smoke test may take, in milliseconds. */
const PROGRAM_MS = 15_000;

/** The program says nothing; what replaces Python in an image may. */
const MAX_OUTPUT_BYTES = 65_536;

/** Ends with code 0 where the agent can run. */
const PROGRAM = 'import sys; sys.exit(sys.version_info < (3, 8))';

/** What a smoke test needs of the server. */
export interface TrialParts {
  readonly engine: Engine;
  readonly config: Config;
  readonly instance: string;
}

interface TrialSubject {
  /** Its name among this server's sandboxes: what a smoke test of the same name has left is removed first. */
  readonly name: string;
  readonly image: string;
  readonly user: EngineUser;
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly mounts?: EngineSpec['mounts'];
}

/**
 * Makes a sandbox of nobody's, runs Python in it and removes it. Throws `invalid` where that cannot work, however often it is tried;
 * what the engine cannot do at the moment is thrown as it says it.
 */
export async function smokeTest(parts: TrialParts, subject: TrialSubject): Promise<void> {
  const { engine } = parts;
  const { image } = subject;
  await inTrial(parts, subject, async (id) => {
    try {
      await engine.start(id);
      const exec = await engine.exec(id, ['python3', '-I', '-c', PROGRAM]);
      const reason = await failureOf(exec);
      if (reason !== null) throw cannotRun(image, reason);
      await requireUp(engine, id, image);
    } catch (error) {
      // Where it has just ended, an engine tells that in more than one way.
      if (!isSandboxError(error, 'invalid')) await requireUp(engine, id, image);
      throw error;
    }
  });
}

/** Makes a sandbox of nobody's, not started, and removes it after the work. */
export async function inTrial<T>(
  parts: TrialParts,
  subject: TrialSubject,
  work: (id: EngineId) => Promise<T>,
): Promise<T> {
  const { engine, config, instance } = parts;
  const { image, user, memoryBytes, cpus, mounts = [] } = subject;
  const name = toEngineName(instance, subject.name);
  const left = await engine.inspect(name);
  if (left) await engine.remove(left.id);
  const id = await engine.create({
    name,
    labels: { [LABEL.instance]: instance },
    image,
    user,
    workdir: WORKSPACE,
    env: {},
    memoryBytes,
    cpus,
    pidsLimit: config.pidsLimit,
    mounts,
    tmpfs: [],
    network: { mode: 'none' },
    runtime: config.runtime,
    seccomp: config.seccomp,
  });
  try {
    return await work(id);
  } finally {
    await engine.remove(id);
  }
}

/** Why the Python of a smoke test failed; null where it did not. */
export async function failureOf(exec: EngineExec): Promise<string | null> {
  try {
    const sentence = 'Python did not end in a trial of the image; try again in a moment.';
    if (!(await withDeadline(drain(exec), PROGRAM_MS, sentence))) return 'Its python3 writes without end.';
  } finally {
    exec.stream.destroy();
  }
  const code = await exec.exitCode();
  return code === 0 ? null : `Python ended with exit code ${code}. ${exec.stderr()}`.trim();
}

/** Reads to the end; false where there is none in sight. */
async function drain({ stream }: EngineExec): Promise<boolean> {
  let bytes = 0;
  for await (const chunk of stream.end()) {
    bytes += chunk.length;
    if (bytes > MAX_OUTPUT_BYTES) return false;
  }
  return true;
}

/** What ends by itself has no program that keeps it up. */
async function requireUp(engine: Engine, id: EngineId, image: string): Promise<void> {
  const found = await engine.inspect(id);
  if (found && found.state !== 'running') throw cannotRun(image, 'It ended as soon as it had started.');
}

function cannotRun(image: string, reason: string): SandboxError {
  const sentence = `Image ${image} cannot run a sandbox, which needs sh, sleep and python3 (3.8 or newer) on its PATH.`;
  return new SandboxError('invalid', `${sentence} ${reason}`);
}
