import { withDeadline } from '../../async/deadline.ts';
import { isSandboxError, SandboxError } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import type { Engine, EngineExec, EngineId, EngineSpec, EngineUser } from '../../engines/engine.ts';
import { LABEL, toEngineName } from '../spec/engine-spec.ts';
import { WORKSPACE } from '../spec/folders.ts';

/** How long the program of a smoke test may take, in milliseconds. */
const PROGRAM_MS = 15_000;

/** The program says nothing; what replaces Python in an image may. */
const MAX_OUTPUT_BYTES = 65_536;

/** The exit code of what SIGKILL has ended. */
const KILLED = 137;

/** Ends with code 0 where the agent can run. */
const PROGRAM = 'import sys; sys.exit(sys.version_info < (3, 8))';

/** What a smoke test needs of the server. */
export interface SmokeTestParts {
  readonly engine: Engine;
  readonly config: Config;
  readonly instance: string;
}

interface SmokeTestSubject {
  /** Its name among this server's sandboxes: what a smoke test of the same name has left is removed first. */
  readonly name: string;
  readonly image: string;
  readonly user: EngineUser;
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly mounts?: EngineSpec['mounts'];
}

/**
 * Starts a throw-away sandbox and runs Python in it. Throws `invalid` for permanent faults, `unavailable` where it was killed; passes
 * transient engine errors on.
 */
export async function smokeTest(parts: SmokeTestParts, subject: SmokeTestSubject): Promise<void> {
  const { engine } = parts;
  const { image } = subject;
  await inThrowAwaySandbox(parts, subject, async (id) => {
    try {
      await engine.start(id);
      // What is killed alone says nothing of the image, and all that runs is killed where the sandbox ends.
      const { reason, isKilled } = await firstAlive(() => engine.exec(id, ['python3', '-I', '-c', PROGRAM]));
      await requireUp(engine, id, image);
      if (isKilled) throw wasKilled(image);
      if (reason !== null) throw cannotRun(image, reason);
    } catch (error) {
      // Where it has just ended, an engine tells that in more than one way.
      if (!isSandboxError(error, 'invalid')) await requireUp(engine, id, image);
      throw error;
    }
  });
}

/** Makes a throw-away sandbox, not started, and removes it after the work. */
export async function inThrowAwaySandbox<T>(
  parts: SmokeTestParts,
  subject: SmokeTestSubject,
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
    const sentence = 'Python did not end in a smoke test of the image; try again in a moment.';
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

interface Ending {
  /** Why the program failed; null where it did not. */
  readonly reason: string | null;
  readonly isKilled: boolean;
}

/** How a program ended, the second time where the first was killed. */
async function firstAlive(run: () => Promise<EngineExec>): Promise<Ending> {
  const first = await endingOf(await run());
  return first.isKilled ? await endingOf(await run()) : first;
}

async function endingOf(exec: EngineExec): Promise<Ending> {
  const reason = await failureOf(exec);
  return { reason, isKilled: reason !== null && (await exec.exitCode()) === KILLED };
}

/** What ends by itself has no program that keeps it up: `invalid`; `unavailable` where something outside has ended or removed it. */
async function requireUp(engine: Engine, id: EngineId, image: string): Promise<void> {
  const found = await engine.inspect(id);
  if (!found || found.wasKilled) throw wasKilled(image);
  if (found.state !== 'running') throw cannotRun(image, 'It ended as soon as it had started.');
}

function wasKilled(image: string): SandboxError {
  const sentence = `The smoke test of image ${image} was killed before it ended, as where the machine has no memory left`;
  return new SandboxError('unavailable', `${sentence}; try again in a moment.`);
}

function cannotRun(image: string, reason: string): SandboxError {
  const sentence = `Image ${image} cannot run a sandbox, which needs sh, sleep and python3 (3.8 or newer) on its PATH.`;
  return new SandboxError('invalid', `${sentence} ${reason}`);
}
