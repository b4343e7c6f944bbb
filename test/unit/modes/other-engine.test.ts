import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { EngineSpec } from '../../../src/engines/engine.ts';
import { SandboxError } from '../../../src/errors.ts';
import { leaveEngine } from '../../../src/modes/other-engine.ts';
import { LABEL } from '../../../src/sandboxes/spec/engine-spec.ts';
import { FakeEngine } from '../../fakes/fake-engine.ts';

const SPEC: EngineSpec = {
  name: 'one',
  labels: { [LABEL.instance]: 'mine' },
  image: 'clara-sandbox:latest',
  user: { uid: 1000, gid: 1000 },
  workdir: '/workspace',
  env: {},
  memoryBytes: 2 ** 29,
  cpus: 1,
  pidsLimit: 64,
  mounts: [],
  tmpfs: [],
  network: { mode: 'none' },
  runtime: 'runc',
  seccomp: 'strict',
};

const leaving = { from: 'docker', to: 'incus', instance: 'mine', logger: pino({ level: 'silent' }) } as const;

describe('the engine that ran a folder before', () => {
  it('stops what still runs there, paused or not, of this folder alone', async () => {
    const engine = new FakeEngine();
    const make = async (name: string, instance: string) => {
      const id = await engine.create({ ...SPEC, name, labels: { [LABEL.instance]: instance } });
      await engine.start(id);
      return id;
    };
    const [running, paused, other] = [await make('a', 'mine'), await make('b', 'mine'), await make('c', 'other')];
    await engine.pause(paused);
    await leaveEngine({ ...leaving, engine });
    const states = await Promise.all([running, paused, other].map(async (id) => (await engine.inspect(id))?.state));
    expect(states).toEqual(['stopped', 'stopped', 'running']);
  });

  it('keeps the server from starting where it does not answer', async () => {
    const engine = new FakeEngine();
    engine.list = async () => {
      throw new SandboxError('unavailable', 'The engine is away.');
    };
    await expect(leaveEngine({ ...leaving, engine })).rejects.toThrow(
      /run on Docker.*The engine is away.*SANDBOX_MODE=docker/,
    );
  });
});
