import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { SandboxError } from '../../../src/base/errors.ts';
import type { FakeSandbox } from '../../fakes/fake-sandboxes.ts';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';

const opened: FakeApp[] = [];

async function start(variables: Readonly<Record<string, string>> = {}): Promise<FakeApp> {
  const fake = await startNativeApp(variables);
  opened.push(fake);
  return fake;
}

afterEach(async () => {
  for (const fake of opened.splice(0).reverse()) await fake.close();
});

const code = { code: 'print(1)' };

describe('a create with an image that cannot run', () => {
  const ANY_IMAGE = { SANDBOX_DOCKER_IMAGES: '*' };
  const states = (fake: FakeApp) => [...fake.engine.sandboxes.values()].map(({ state, spec }) => [state, spec.image]);

  it.each([
    ['is not there', 'absent:latest', /absent:latest is not on this machine/],
    ['has no Python', 'without-python:latest', /python3/],
    ['ends at once', 'without-sleep:latest', /sleep/],
    ['has a Python that writes for ever', 'floods:latest', /writes without end/],
  ])('leaves the sandbox as it was where it %s', async (_what, image, sentence) => {
    const fake = await start(ANY_IMAGE);
    await fake.call('POST', '/sandbox/u/execute', code);
    const before = (await fake.call('GET', '/sandbox/u/status')).json();
    const refused = await fake.call('POST', '/sandbox/u/create', { image });
    expect(refused.statusCode).toBe(422);
    expect(refused.json().error).toMatch(sentence);
    expect(fake.engine.calls.filter((call) => call.startsWith('stop'))).toEqual([]);
    expect(states(fake)).toEqual([['running', 'clara-sandbox:latest']]);
    expect((await fake.call('GET', '/sandbox/u/status')).json()).toEqual(before);
    await fake.call('POST', '/sandbox/u/restart');
    expect((await fake.call('POST', '/sandbox/u/execute', code)).json()).toMatchObject({ success: true });
    expect(states(fake)).toEqual([['running', 'clara-sandbox:latest']]);
  });

  it.each([
    ['is not there', 'absent:latest', /absent:latest is not on this machine/],
    ['has no Python', 'without-python:latest', /python3/],
    ['ends at once', 'without-sleep:latest', /sleep/],
    ['has a Python that writes for ever', 'floods:latest', /writes without end/],
  ])(
    'leaves nothing of a new sandbox where it %s, and says that it is no passing fault',
    async (_what, image, sentence) => {
      const fake = await start(ANY_IMAGE);
      const before = await readdir(fake.dataDir);
      const refused = await fake.call('POST', '/sandbox/u/create', { image });
      expect(refused.statusCode).toBe(422);
      expect(refused.json().error).toMatch(sentence);
      expect(states(fake)).toEqual([]);
      expect(await readdir(fake.dataDir)).toEqual(before);
      expect((await fake.call('POST', '/sandbox/u/execute', code)).json()).toMatchObject({ success: true });
    },
  );

  it('keeps the files of a deleted sandbox, and those of which the record is lost', async () => {
    const fake = await start(ANY_IMAGE);
    await fake.call('POST', '/sandbox/u/execute', code);
    await fake.call('DELETE', '/sandbox/u');
    const [folder = ''] = (await readdir(fake.dataDir)).filter((name) => name.startsWith('u-'));
    const files = async () => await readdir(join(fake.dataDir, folder));
    const kept = await files();
    expect((await fake.call('POST', '/sandbox/u/create', { image: 'absent:latest' })).statusCode).toBe(422);
    expect(await files()).toEqual(kept);
    await rm(join(fake.dataDir, folder, 'sandbox.json'));
    const next = await start({ ...ANY_IMAGE, SANDBOX_DATA_DIR: fake.dataDir });
    expect((await next.call('POST', '/sandbox/u/create', { image: 'absent:latest' })).statusCode).toBe(422);
    expect(await files()).toEqual(expect.arrayContaining(['workspace', 'packages']));
  });

  it('is no passing fault where the engine only fails to run a program in what has ended', async () => {
    const fake = await start(ANY_IMAGE);
    fake.engine.exec = async () => {
      throw new SandboxError('unavailable', 'The engine could not run a program.');
    };
    const refused = await fake.call('POST', '/sandbox/u/create', { image: 'without-sleep:latest' });
    expect([refused.statusCode, refused.json().error]).toEqual([422, expect.stringMatching(/sleep/)]);
  });

  describe('in a smoke test whose Python was killed', () => {
    /** The Pythons of the next smoke test end with these codes; `ending` is what happens to the sandbox meanwhile. */
    async function changeWhere(codes: readonly number[], ending: Partial<FakeSandbox> = {}) {
      const fake = await start(ANY_IMAGE);
      await fake.call('POST', '/sandbox/u/create');
      const left = [...codes];
      const exec = fake.engine.exec.bind(fake.engine);
      fake.engine.exec = async (id, argv) => {
        const run = await exec(id, argv);
        const code = argv[2] === '-c' ? left.shift() : undefined;
        if (code === undefined) return run;
        Object.assign(fake.engine.sandboxes.get(id) ?? {}, ending);
        return { ...run, exitCode: async () => code };
      };
      const change = () => fake.call('PATCH', '/sandbox/u', { memory_limit: '128m', allow_restart: true });
      return { refused: await change(), again: change };
    }

    it.each([
      ['the whole smoke test was', [137], { state: 'stopped', wasKilled: true }],
      ['so was its second', [137, 137], {}],
    ] as const)('is a passing fault where %s', async (_what, codes, ending) => {
      const { refused, again } = await changeWhere(codes, ending);
      expect([refused.statusCode, refused.json().error]).toEqual([503, expect.stringMatching(/was killed/)]);
      expect(refused.headers['retry-after']).toBe('5');
      expect((await again()).json()).toMatchObject({ restarted: true });
    });

    it('is none where only the first was', async () => {
      expect((await changeWhere([137])).refused.json()).toMatchObject({ restarted: true });
    });

    it('is the fault of an image that ends by itself', async () => {
      const { refused } = await changeWhere([137], { state: 'stopped' });
      expect([refused.statusCode, refused.json().error]).toEqual([422, expect.stringMatching(/sleep/)]);
    });
  });

  it('keeps what the sandbox had where the engine fails after the smoke test', async () => {
    const fake = await start(ANY_IMAGE);
    await fake.call('POST', '/sandbox/u/create');
    const gate = fake.engine.hold('stop');
    const failing = fake.call('POST', '/sandbox/u/create', { cpu_limit: 0.5 });
    await gate.reached;
    const atCreate = fake.engine.hold('create');
    gate.release();
    await atCreate.reached;
    fake.engine.down = true;
    atCreate.release();
    expect((await failing).statusCode).toBe(503);
    fake.engine.down = false;
    await fake.call('POST', '/sandbox/u/restart');
    expect([...fake.engine.sandboxes.values()].map(({ spec }) => spec.cpus)).toEqual([1]);
  });
});
