import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunScript } from '../../fakes/fake-run.ts';
import { OwnKernelEngine } from '../../fakes/own-kernel-engine.ts';
import { API_KEY, type FakeApp, startNativeApp } from '../../support/fake-app.ts';
import { until } from '../../support/until.ts';

const OUT_OF_MEMORY = {
  success: false,
  output: '',
  error: expect.stringMatching(/^Killed: out of memory \(limit 512 MiB\)\nOOM killed: /),
  exit_code: 137,
  timed_out: false,
  oom_killed: true,
  killed_by: 'SIGKILL',
};

let fake: FakeApp;
let script: RunScript;

const execute = async () => (await fake.call('POST', '/sandbox/u/execute', { code: "print('on')" })).json();
/** The exit of the same as a stream. */
const exitOf = async () => {
  const headers = { 'x-api-key': API_KEY, accept: 'application/x-ndjson' };
  const payload = { code: "print('on')" };
  const { body } = await fake.inject({ method: 'POST', url: '/sandbox/u/execute', headers, payload });
  return JSON.parse(body.trim().split('\n').at(-1) ?? '');
};
const sandboxId = () => [...fake.engine.sandboxes.keys()][0] ?? '';
const asked = () => fake.engine.calls.filter((call) => call.startsWith('ranOutOfMemory')).length;
async function untilAsked(): Promise<void> {
  await until('the engine is asked whether memory ran out', () => asked() > 0);
}
const never = () => new Promise<never>(() => undefined);

async function start(runtime: string): Promise<void> {
  const engine = new OwnKernelEngine();
  engine.onAgent = (agent) => {
    agent.onRun = (run) => script(run);
  };
  fake = await startNativeApp({ SANDBOX_DOCKER_RUNTIME: runtime }, engine);
  script = () => ({ stdout: 'on\n' });
  expect(await execute()).toMatchObject({ success: true });
}

afterEach(() => fake.close());

describe('a sandbox that ends as its memory runs out', () => {
  beforeEach(() => start('runc'));

  it('is named as the reason, and the next call finds a sandbox that works', async () => {
    script = () => {
      fake.engine.runOutOfMemory(sandboxId());
      return never();
    };
    expect(await execute()).toMatchObject(OUT_OF_MEMORY);
    script = () => ({ stdout: 'on\n' });
    expect(await execute()).toMatchObject({ success: true, output: 'on\n' });
  });

  it('is not blamed for an end that comes later', async () => {
    script = () => {
      fake.engine.sandboxes.noteOutOfMemory(sandboxId());
      return {};
    };
    await execute();
    script = () => {
      fake.engine.kill(sandboxId());
      return never();
    };
    const lost = {
      exit_code: 137,
      oom_killed: false,
      error: 'The connection to the sandbox was lost while it worked.',
    };
    expect(await execute()).toMatchObject(lost);
  });

  it('is not waited for where the engine does not answer either', async () => {
    script = () => {
      fake.engine.down = true;
      return never();
    };
    expect(await execute()).toMatchObject({ exit_code: 137, oom_killed: false });
    fake.engine.down = false;
  });
});

describe('a sandbox with a kernel of its own that ends as its memory runs out', () => {
  it('is named as the reason although the engine hears of it after the end', async () => {
    await start('runsc');
    script = () => {
      fake.engine.kill(sandboxId());
      void untilAsked().then(() => fake.engine.sandboxes.noteOutOfMemory(sandboxId()));
      return never();
    };
    expect(await execute()).toMatchObject(OUT_OF_MEMORY);
  });
});

describe('a program whose memory the machine takes from under a kernel of its own', () => {
  const ends = (exitCode: number, isOutOfMemory = true) => {
    script = () => {
      if (isOutOfMemory) fake.engine.sandboxes.noteOutOfMemory(sandboxId());
      return { exitCode };
    };
  };

  it('ends with exit code 1 there, and is told as what it is', async () => {
    await start('runsc');
    ends(1);
    expect(await execute()).toMatchObject(OUT_OF_MEMORY);
  });

  it('is told as that although the engine hears of it after the end', async () => {
    await start('runsc');
    script = () => {
      void untilAsked().then(() => fake.engine.sandboxes.noteOutOfMemory(sandboxId()));
      return { exitCode: 1 };
    };
    expect(await execute()).toMatchObject(OUT_OF_MEMORY);
  });

  it('keeps its exit code where memory lasted, or did not end it', async () => {
    await start('runsc');
    ends(1, false);
    expect(await execute()).toMatchObject({ exit_code: 1, oom_killed: false, killed_by: null });
    ends(3);
    expect(await execute()).toMatchObject({ exit_code: 3, oom_killed: false, killed_by: null });
  });

  it('asks the engine nothing for a program that works, and on the shared kernel for none that ends', async () => {
    await start('runsc');
    expect(asked()).toBe(0);
    await fake.close();
    await start('runc');
    ends(1);
    expect(await execute()).toMatchObject({ exit_code: 1 });
    expect(asked()).toBe(0);
  });
});

describe('a stream', () => {
  const { success, output: _, error: __, ...end } = OUT_OF_MEMORY;
  const outOfMemory = { event: 'exit', success, ...end, error: 'Killed: out of memory (limit 512 MiB)' };

  /** Resolves once the events of what has just been started are read. */
  const isRead = async () => {
    const { requests } = fake.engine.get(sandboxId()).agent;
    const count = (name: string) => requests.filter(({ op }) => op === name).length;
    await until('its events are read', () => count('attach') === count('start'));
  };

  it('of a program whose sandbox ends as its memory runs out ends with the reason', async () => {
    await start('runc');
    script = async () => {
      await isRead();
      fake.engine.runOutOfMemory(sandboxId());
      return never();
    };
    expect(await exitOf()).toMatchObject(outOfMemory);
  });

  it('of a program whose memory the machine takes ends with the reason, and otherwise with the exit code', async () => {
    await start('runsc');
    script = () => ({ exitCode: 1 });
    expect(await exitOf()).toMatchObject({ exit_code: 1, oom_killed: false, error: 'Exit code: 1' });
    script = async () => {
      await isRead();
      fake.engine.sandboxes.noteOutOfMemory(sandboxId());
      return { exitCode: 1 };
    };
    expect(await exitOf()).toMatchObject(outOfMemory);
  });

  it('of a program whose agent is ended from inside says so', async () => {
    await start('runc');
    script = async () => {
      await isRead();
      fake.engine.get(sandboxId()).agent.die();
      return never();
    };
    const error = expect.stringMatching(/^The program, or another one in its sandbox, ended or disturbed/);
    expect(await exitOf()).toMatchObject({ exit_code: 137, oom_killed: false, killed_by: 'SIGKILL', error });
  });
});
