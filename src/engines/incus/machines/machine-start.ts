import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { withDeadline } from '../../../async/deadline.ts';
import { SandboxError } from '../../../base/errors.ts';
import type { EngineId } from '../../engine.ts';
import { startExec } from '../exec.ts';
import { noPython } from '../images.ts';
import type { IncusCalls } from '../incus-calls.ts';
import { noSuchSandbox, pathOf, readInstance } from '../instances.ts';
import { KEY } from '../keys.ts';
import { startSandbox, stopSandbox } from '../lifecycle.ts';
import { NO_PYTHON } from './machine-setup.ts';

/** How long a virtual machine may take until the agent of Incus in it answers, and how often it is asked, in milliseconds. */
const BOOT_MS = 120_000;
const BOOT_POLL_MS = 200;

/** How long the setup in a machine that answers may take, in milliseconds. */
const SETUP_MS = 60_000;

/** Incus says -1 as long as its agent in the machine does not answer. */
const stateSchema = z.object({ status: z.string(), processes: z.number() });

/** Starts it and resolves once it is set up; false where it runs already. A machine that runs and is set up stays as it is, what cannot be set up is stopped again. */
export async function startMachine(calls: IncusCalls, id: EngineId): Promise<boolean> {
  const isStarted = await startSandbox(calls, id);
  try {
    await untilBooted(calls, id);
    await setUp(calls, id);
    return isStarted;
  } catch (error) {
    await stopSandbox(calls, id, 0).catch(() => undefined);
    throw error;
  }
}

/** Resolves once Incus' agent answers in a machine that was started; throws `unavailable` where none does within two minutes. */
export async function untilBooted(calls: IncusCalls, id: EngineId): Promise<void> {
  const endMs = performance.now() + BOOT_MS;
  for (;;) {
    const { status, processes } = stateSchema.parse(await calls.get('look at the sandbox', pathOf(id, '/state')));
    if (processes >= 0) return;
    if (status !== 'Running') {
      throw new SandboxError('unavailable', `The virtual machine ended while it started: Incus says ${status}.`);
    }
    if (performance.now() >= endMs) {
      const sentence = `The virtual machine has not come up within ${BOOT_MS / 1000} seconds: its image needs the agent of Incus (incus-agent), and enough memory to start.`;
      throw new SandboxError('unavailable', sentence);
    }
    await new Promise((resolve) => setTimeout(resolve, BOOT_POLL_MS));
  }
}

async function setUp(calls: IncusCalls, id: EngineId): Promise<void> {
  const instance = await readInstance(calls, id);
  if (!instance) throw noSuchSandbox();
  const { config } = instance;
  const command = config[KEY.setup];
  if (command === undefined) return;
  const exec = await startExec(calls, id, { command: ['sh', '-c', command], uid: 0, gid: 0, cwd: '/' });
  exec.stream.end();
  const sentence = `The virtual machine was not set up within ${SETUP_MS / 1000} seconds.`;
  try {
    await withDeadline(Promise.all([text(exec.stream), exec.closed]), SETUP_MS, sentence);
  } finally {
    exec.stream.destroy();
  }
  const code = await exec.exitCode();
  if (code === 0) return;
  if (code === NO_PYTHON) throw noPython(config[KEY.image] ?? '');
  throw new SandboxError('unavailable', `The virtual machine could not be set up: ${exec.stderr().trim()}`);
}
