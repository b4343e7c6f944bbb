import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../../src/config/config.ts';
import { checkEngine } from '../../../../src/sandboxes/preflight/engine-check.ts';
import { FakeEngine } from '../../../fakes/fake-engine.ts';

async function check(engine: FakeEngine, variables: Readonly<Record<string, string>> = {}): Promise<string> {
  const lines = new PassThrough();
  const config = parseConfig({ SANDBOX_API_KEY: 'a-long-enough-key', ...variables });
  await checkEngine(engine, config, pino(lines));
  return await text(lines.end());
}

describe('an engine at the start of the server', () => {
  it('that holds all that is asked of it passes in silence', async () => {
    expect(await check(new FakeEngine())).toBe('');
  });

  it('that does not answer proves nothing', async () => {
    const engine = new FakeEngine();
    engine.down = true;
    expect(await check(engine)).toBe('');
  });

  it('that cannot filter system calls keeps the server from starting', async () => {
    const engine = new FakeEngine();
    const info = await engine.info();
    engine.info = async () => ({ ...info, seccomp: [] });
    await expect(check(engine)).rejects.toThrow(/SANDBOX_DOCKER_SECCOMP=strict does not work here: .* none at all/);
  });

  it('that needs no filter of system calls passes in silence', async () => {
    const engine = new FakeEngine();
    const info = await engine.info();
    engine.info = async () => ({ ...info, seccomp: null });
    expect(await check(engine)).toBe('');
  });

  it('that does not hold limits is warned of', async () => {
    const engine = new FakeEngine();
    const info = await engine.info();
    engine.info = async () => ({ ...info, unlimited: ['memory', 'CPU'] });
    const line = JSON.parse(await check(engine));
    expect(line).toMatchObject({ level: 40, unlimited: ['memory', 'CPU'] });
  });

  it('whose own filter of system calls is asked for is warned of: it lets code attach programs in the kernel', async () => {
    const line = JSON.parse(await check(new FakeEngine(), { SANDBOX_DOCKER_SECCOMP: 'engine' }));
    expect(line).toMatchObject({ level: 40, msg: expect.stringMatching(/SECCOMP=engine: .* programs in the kernel/) });
  });
});
