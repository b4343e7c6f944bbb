import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { SandboxError } from '../../../src/base/errors.ts';
import { parseConfig } from '../../../src/config/config.ts';
import type { Mode } from '../../../src/config/modes.ts';
import type { EngineSpec } from '../../../src/engines/engine.ts';
import type { EngineNote } from '../../../src/modes/engine-note.ts';
import { formerOf, leaveEngine, openFormer, useOf } from '../../../src/modes/other-engine.ts';
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

const HERE = { remote: 'local', project: 'clara-sandbox' };
const CLUSTER = { remote: 'https://node1.example:8443,https://node2.example:8443', project: 'clara-sandbox' };

const leaving = {
  from: { kind: 'docker', incus: null },
  to: { engine: 'incus', incus: HERE },
  instance: 'mine',
  logger: pino({ level: 'silent' }),
} as const;

function configOf(mode: Mode, { remote, project } = HERE) {
  return parseConfig({ SANDBOX_API_KEY: 'key-for-these-tests', INCUS_REMOTE: remote, INCUS_PROJECT: project }, mode);
}

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

describe('what is to be left', () => {
  const note = (engine: Mode, incus?: EngineNote['incus']): EngineNote => ({ engine, used: [engine], incus });

  it.each([
    ['nothing has run', null, configOf('docker')],
    ['Docker goes on', note('docker'), configOf('docker')],
    ['another server ran them', note('remote'), configOf('docker')],
    ['Incus goes on', note('incus', HERE), configOf('incus')],
    [
      'Incus goes on, whose socket is named now',
      note('incus', HERE),
      configOf('incus', { ...HERE, remote: '/var/lib/incus/unix.socket' }),
    ],
    ['an earlier version did not say which Incus', note('incus'), configOf('incus', CLUSTER)],
    [
      'a cluster goes on, one of whose machines is gone',
      note('incus', CLUSTER),
      configOf('incus', { ...CLUSTER, remote: 'https://NODE2.example:8443/,https://node3.example:8443' }),
    ],
  ] as const)('is nothing where %s', (_why, before, config) => {
    expect(formerOf(before, config)).toBeNull();
  });

  it.each([
    ['Docker', 'Incus', note('docker'), configOf('incus'), { kind: 'docker', incus: null }],
    [
      'a cluster',
      'the Incus of this machine',
      note('incus', CLUSTER),
      configOf('incus'),
      { kind: 'incus', incus: CLUSTER },
    ],
    [
      'the Incus of this machine',
      'a cluster',
      note('incus', HERE),
      configOf('incus', CLUSTER),
      { kind: 'incus', incus: HERE },
    ],
    ['a cluster', 'Docker', note('incus', CLUSTER), configOf('docker'), { kind: 'incus', incus: CLUSTER }],
    [
      'a project',
      'another',
      note('incus', HERE),
      configOf('incus', { ...HERE, project: 'other' }),
      { kind: 'incus', incus: HERE },
    ],
    ['virtual machines', 'containers', note('incus-vm', HERE), configOf('incus'), { kind: 'incus-vm', incus: HERE }],
    [
      'Incus of an earlier version',
      'Docker',
      note('incus'),
      configOf('docker', CLUSTER),
      { kind: 'incus', incus: CLUSTER },
    ],
  ] as const)('is %s for %s', (_from, _to, before, config, expected) => {
    expect(formerOf(before, config)).toEqual(expected);
  });

  it('is asked where it was, whatever the configuration names now', async () => {
    const absent = { remote: '/var/tmp/no-incus-is-here.sock', project: 'mine' };
    const config = configOf('docker');
    const from = formerOf(note('incus', absent), config);
    if (from === null) throw new Error('Nothing is left.');
    const engine = openFormer(from, config);
    await expect(leaveEngine({ ...leaving, engine, from, to: useOf(config) })).rejects.toThrow(
      /run on Incus \(containers\) \(\/var\/tmp\/no-incus-is-here\.sock, project mine\).*set SANDBOX_MODE=incus, INCUS_REMOTE=\/var\/tmp\/no-incus-is-here\.sock/,
    );
    await engine.close();
  });
});
