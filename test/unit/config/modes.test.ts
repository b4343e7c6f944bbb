import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig, parseSettings } from '../../../src/config/config.ts';
import type { Mode } from '../../../src/config/modes.ts';
import { explainUnknownNames } from '../../../src/config/variable-names.ts';

const required = { SANDBOX_API_KEY: 'key-for-these-tests' };

describe('SANDBOX_MODE', () => {
  it.each([
    [{}, 'auto'],
    [{ SANDBOX_MODE: 'docker' }, 'docker'],
    [{ SANDBOX_MODE: 'local' }, 'docker'],
    [{ SANDBOX_MODE: 'incus' }, 'incus'],
    [{ SANDBOX_MODE: 'incus', INCUS_SANDBOX_TYPE: 'vm' }, 'incus-vm'],
    [{ SANDBOX_MODE: 'incus-vm', INCUS_SANDBOX_TYPE: 'container' }, 'incus-vm'],
    [{ SANDBOX_MODE: 'docker', INCUS_SANDBOX_TYPE: 'vm' }, 'docker'],
    [{ SANDBOX_MODE: 'remote', SANDBOX_API_URL: 'https://sandbox.example.com' }, 'remote'],
  ])('of %j asks for %s', (variables, mode) => {
    expect(parseSettings({ ...required, ...variables }).mode).toBe(mode);
  });

  it.each(['Docker', 'kubernetes', 'incus-container', 'dokcer'])('is not %s', (value) => {
    const parse = () => parseSettings({ ...required, SANDBOX_MODE: value });
    expect(parse).toThrow(ConfigError);
    expect(parse).toThrow(/SANDBOX_MODE must be auto, docker \(or local\), incus, incus-vm or remote/);
  });

  it('remote needs the address of the other server, and a key for it', () => {
    expect(() => parseSettings({ ...required, SANDBOX_MODE: 'remote' })).toThrow(/SANDBOX_API_URL/);
    const keys = { SANDBOX_API_KEYS: `bot:sha256:${'0a'.repeat(32)}` };
    const remote = { SANDBOX_MODE: 'remote', SANDBOX_API_URL: 'https://sandbox.example.com' };
    expect(() => parseSettings({ ...keys, ...remote })).toThrow(/SANDBOX_REMOTE_API_KEY/);
    expect(parseSettings({ ...keys, ...remote, SANDBOX_REMOTE_API_KEY: 'the-far-key' }).remote).toEqual({
      url: 'https://sandbox.example.com',
      key: 'the-far-key',
      timeoutSeconds: 60,
    });
  });

  it.each(['sandbox.example.com', 'ftp://sandbox.example.com', 'https://u:p@sandbox.example.com', 'https://s/?x'])(
    'has no other server at %s',
    (url) => {
      expect(() => parseSettings({ ...required, SANDBOX_API_URL: url })).toThrow(/SANDBOX_API_URL must/);
    },
  );
});

describe('the variables of a mode', () => {
  const guide = {
    DOCKER_SANDBOX_IMAGE: 'team/docker:1',
    DOCKER_SANDBOX_TIMEOUT: '100',
    DOCKER_SANDBOX_MEMORY: '256m',
    DOCKER_SANDBOX_CPU: '0.5',
    INCUS_SANDBOX_IMAGE: 'images:debian/12/cloud',
    INCUS_SANDBOX_TIMEOUT: '200',
    INCUS_SANDBOX_MEMORY: '1GiB',
    INCUS_SANDBOX_CPU: '2',
  };
  const ours = {
    SANDBOX_DOCKER_IMAGE: 'ours:1',
    SANDBOX_DOCKER_TIMEOUT: '300',
    SANDBOX_DOCKER_MEMORY: '768m',
    SANDBOX_DOCKER_CPU: '3',
  };
  const seen = (variables: Record<string, string>, mode: 'docker' | 'incus' | 'incus-vm') => {
    const { image, stopAfterSeconds, memoryBytes, cpus } = parseConfig({ ...required, ...variables }, mode);
    return [image, stopAfterSeconds, memoryBytes / 2 ** 20, cpus];
  };

  it('docker are those of this server before those of the guide', () => {
    expect(seen(guide, 'docker')).toEqual(['team/docker:1', 100, 256, 0.5]);
    expect(seen({ ...guide, SANDBOX_IMAGE: 'other:1' }, 'docker')[0]).toBe('team/docker:1');
    expect(seen({ ...guide, ...ours }, 'docker')).toEqual(['ours:1', 300, 768, 3]);
    expect(seen({}, 'docker')).toEqual(['clara-sandbox:latest', 900, 512, 1]);
  });

  it.each(['incus', 'incus-vm'] as const)(
    '%s are those of Incus before the limits of Docker, and never its image',
    (mode) => {
      expect(seen({ ...guide, ...ours }, mode)).toEqual(['images:debian/12/cloud', 200, 1024, 2]);
      expect(seen(ours, mode)).toEqual(['clara-sandbox:latest', 300, 768, 3]);
      expect(seen({ DOCKER_SANDBOX_TIMEOUT: '100', SANDBOX_IMAGE: 'other:1' }, mode)).toEqual([
        'clara-sandbox:latest',
        900,
        512,
        1,
      ]);
    },
  );

  it("of the guide's image mean the own one", () => {
    expect(seen({ DOCKER_SANDBOX_IMAGE: 'python:3.12-slim' }, 'docker')[0]).toBe('clara-sandbox:latest');
    expect(seen({ SANDBOX_DOCKER_IMAGE: 'python:3.12-slim' }, 'docker')[0]).toBe('python:3.12-slim');
  });

  it('are named in an error as they were written', () => {
    expect(() => seen({ DOCKER_SANDBOX_CPU: 'many' }, 'docker')).toThrow(
      /DOCKER_SANDBOX_CPU \(read as SANDBOX_DOCKER_CPU\)/,
    );
    expect(() => seen({ INCUS_SANDBOX_MEMORY: '4GiB' }, 'incus')).toThrow(
      'INCUS_SANDBOX_MEMORY (read as SANDBOX_DOCKER_MEMORY) must not be more than SANDBOX_DOCKER_MEMORY_MAX.',
    );
  });

  it('are known in every mode, and a slip of the pen is none of them', () => {
    const known = ['SANDBOX_DOCKER_MEMORY', 'INCUS_SANDBOX_MEMORY'];
    expect(
      explainUnknownNames(
        Object.keys(guide).filter((name) => name.startsWith('DOCKER')),
        known,
        '.env',
      ),
    ).toEqual([]);
    expect(explainUnknownNames(['DOCKER_SANDBOX_MEMROY'], known, '.env')[0]).toMatch(
      /nearest is DOCKER_SANDBOX_MEMORY$/,
    );
  });
});

describe('variables that do nothing', () => {
  const idle = (variables: Record<string, string>, mode: Mode) =>
    parseConfig({ ...required, ...variables }, mode).idleVariables;
  const remote = { SANDBOX_API_URL: 'https://sandbox.example.com', SANDBOX_REMOTE_API_KEY: 'the-far-key' };

  it('are those of other modes, and those behind another name for the same', () => {
    const all = { ...remote, INCUS_POOL: 'fast', DOCKER_SANDBOX_CPU: '1', SANDBOX_DOCKER_RUNTIME: 'runsc' };
    expect(idle(all, 'docker')).toEqual(['INCUS_POOL', 'SANDBOX_API_URL', 'SANDBOX_REMOTE_API_KEY']);
    expect(idle({ SANDBOX_DOCKER_CPU: '2', DOCKER_SANDBOX_CPU: '1' }, 'docker')).toEqual(['DOCKER_SANDBOX_CPU']);
    expect(idle({ ...all, SANDBOX_DOCKER_IMAGE: 'a:1' }, 'incus')).toEqual([
      'DOCKER_SANDBOX_CPU',
      'SANDBOX_API_URL',
      'SANDBOX_DOCKER_IMAGE',
      'SANDBOX_DOCKER_RUNTIME',
      'SANDBOX_REMOTE_API_KEY',
    ]);
    expect(idle({ ...all, SANDBOX_LOG_LEVEL: 'warn', SANDBOX_PIDS_LIMIT: '99' }, 'remote')).toEqual([
      'DOCKER_SANDBOX_CPU',
      'INCUS_POOL',
      'SANDBOX_DOCKER_RUNTIME',
      'SANDBOX_PIDS_LIMIT',
    ]);
  });

  it('are on Incus those of bridges, and there those of what sandboxes do not share with this machine', () => {
    const bridges = { SANDBOX_BRIDGE_POOL: '10.9.0.0/16', SANDBOX_BRIDGE_DNS: '9.9.9.9' };
    const files = { SANDBOX_AGENT_TRANSPORT: 'exec', SANDBOX_DISK_MECHANISM: 'measure' };
    const seccomp = { SANDBOX_DOCKER_SECCOMP: 'engine' };
    const token = { INCUS_TRUST_TOKEN: 'a-token' };
    const all = { ...files, ...bridges, ...seccomp, ...token };
    const far = { INCUS_REMOTE: 'https://node1.example:8443' };
    expect(idle(all, 'docker')).toEqual(Object.keys(token));
    expect(idle(all, 'incus')).toEqual(Object.keys({ ...token, ...bridges }).sort());
    expect(idle({ ...all, INCUS_REMOTE: '/run/incus.sock' }, 'incus')).toEqual(
      Object.keys({ ...token, ...bridges }).sort(),
    );
    expect(idle({ ...all, ...far }, 'incus')).toEqual(Object.keys({ ...files, ...bridges }).sort());
    expect(idle(all, 'incus-vm')).toEqual(Object.keys(all).sort());
    expect(idle({ ...all, ...far }, 'incus-vm')).toEqual(Object.keys({ ...files, ...bridges, ...seccomp }).sort());
  });

  it('are not those that are set to what they are anyway, or empty', () => {
    expect(idle({ SANDBOX_TIMEOUT: '60', INCUS_REMOTE: 'local', INCUS_SANDBOX_CPU: '' }, 'docker')).toEqual([]);
  });
});
