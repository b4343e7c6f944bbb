import { rename } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { DOCKER_TRAITS } from '../../../src/engines/docker/traits.ts';
import { INCUS_TRAITS } from '../../../src/engines/incus/traits.ts';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';
import { until } from '../../support/until.ts';

const opened: FakeApp[] = [];

afterEach(async () => {
  for (const fake of opened.splice(0).reverse()) await fake.close();
});

interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly detail?: string;
}

async function start(variables: Readonly<Record<string, string>> = {}, engine = new FakeEngine()) {
  const lines: LogLine[] = [];
  const log = new Writable({
    write(chunk, _, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const fake = await startNativeApp(variables, engine, { logger: pino({ level: 'info' }, log) });
  opened.push(fake);
  return { fake, lines };
}

const health = async (fake: FakeApp) => (await fake.inject({ method: 'GET', url: '/health' })).json();

/** Asks until the server has looked again, which it does five seconds later by its clock. */
async function warningsAfter(fake: FakeApp, isWanted: (warnings: readonly string[] | undefined) => boolean) {
  let warnings: readonly string[] | undefined;
  await until('the server warns as expected', async () => {
    fake.clock.nowMs += 5_000;
    warnings = (await health(fake)).warnings;
    return isWanted(warnings);
  });
  return warnings;
}

const some = (warnings: readonly string[] | undefined) => warnings !== undefined;
const none = (warnings: readonly string[] | undefined) => warnings === undefined;

const IMAGE = 'registry.example/of/ours:1';

describe('/health', () => {
  it('says that a machine of the cluster is away, its name in the log alone, until it is back', async () => {
    const engine = new FakeEngine();
    engine.machines = async () => [
      { name: 'node1', answers: true },
      { name: 'node2', answers: false },
    ];
    const { fake, lines } = await start({}, engine);
    const sentence = 'A machine of the cluster does not answer: its sandboxes are away until it is back.';
    expect(await warningsAfter(fake, some)).toEqual([sentence]);
    expect(lines.find(({ msg }) => msg === sentence)?.detail).toBe('node2');
    engine.machines = async () => [{ name: 'node2', answers: true }];
    expect(await warningsAfter(fake, none)).toBeUndefined();
  });

  it.each([
    ['npm run image', DOCKER_TRAITS, 'SANDBOX_DOCKER_IMAGE'],
    ['npm run incus', INCUS_TRAITS, 'INCUS_SANDBOX_IMAGE'],
  ])('says that %s brings an image which the engine lacks', async (command, traits, variable) => {
    const engine = Object.assign(new FakeEngine(), { traits });
    engine.imageId = async () => null;
    const { fake, lines } = await start({}, engine);
    expect(await warningsAfter(fake, some)).toEqual([expect.stringContaining(command)]);
    expect(lines.map(({ detail }) => detail)).toContainEqual(expect.stringContaining(`${variable} is `));
  });

  it('has no warnings where nothing is wrong', async () => {
    const { fake } = await start({ SANDBOX_POOL_SIZE: '1' });
    await until('the pool is filled', async () => (await fake.call('GET', '/info')).json().pooled_sandboxes === 1);
    expect(await warningsAfter(fake, none)).toBeUndefined();
    expect(await health(fake)).toEqual({
      status: 'healthy',
      docker: true,
      engine: 'docker',
      version: '0.0.0-test',
      service: 'gateway',
    });
  });

  it('stays a healthy 200 and says that the image is not there, the log too, once each time', async () => {
    const engine = new FakeEngine();
    engine.images.absent.add(IMAGE);
    const { fake, lines } = await start({ SANDBOX_DOCKER_IMAGE: IMAGE }, engine);
    const [sentence] = (await warningsAfter(fake, some)) ?? [];
    expect(sentence).toMatch(/^The image of new sandboxes is not on this machine/);
    expect(await health(fake)).toMatchObject({ status: 'healthy', docker: true, warnings: [sentence] });
    for (let pass = 0; pass < 3; pass += 1) await warningsAfter(fake, some);
    const told = () => lines.filter(({ msg }) => msg === sentence);
    expect(told()).toMatchObject([{ level: 40, detail: `SANDBOX_DOCKER_IMAGE is ${IMAGE}` }]);
    engine.images.absent.delete(IMAGE);
    await warningsAfter(fake, none);
    expect(lines).toContainEqual(expect.objectContaining({ level: 30, msg: `No longer so: ${sentence}` }));
    engine.images.absent.add(IMAGE);
    await warningsAfter(fake, some);
    expect(told()).toHaveLength(2);
  });

  it('says that the reserve is reached', async () => {
    const { fake } = await start({ SANDBOX_DISK_RESERVE: '8000t' });
    expect(await warningsAfter(fake, some)).toEqual([expect.stringMatching(/less free than SANDBOX_DISK_RESERVE/)]);
  });

  it('says that the data folder is gone, and not where it was', async () => {
    const { fake, lines } = await start();
    await rename(fake.dataDir, `${fake.dataDir}-away`);
    const warnings = await warningsAfter(fake, some);
    await rename(`${fake.dataDir}-away`, fake.dataDir);
    expect(warnings).toEqual([expect.stringMatching(/^The data folder cannot be used/)]);
    expect(lines.find(({ msg }) => msg === warnings?.[0])?.detail).toContain(fake.dataDir);
  });

  it('says that the engine does not answer, why in the log, and nothing that follows from it', async () => {
    const { fake, lines } = await start({ SANDBOX_POOL_SIZE: '1' });
    fake.engine.down = true;
    const warnings = await warningsAfter(fake, some);
    expect(warnings).toEqual(['The engine does not answer, so no sandbox can be started.']);
    expect(await health(fake)).toMatchObject({ status: 'unhealthy', docker: false, warnings });
    expect(lines.filter(({ level }) => level >= 40)).toMatchObject([
      { msg: warnings?.[0], detail: expect.any(String) },
    ]);
  });

  it('says which limits the engine does not hold', async () => {
    const engine = new FakeEngine();
    engine.unlimited = ['memory', 'processes'];
    const { fake } = await start({}, engine);
    expect(await warningsAfter(fake, some)).toEqual([expect.stringContaining('(memory, processes)')]);
  });

  it('says that sandboxes with network cards reach this machine, the log why, until the rules of the firewall are there', async () => {
    const engine = new FakeEngine();
    let gap: string | null = 'iptables is not there';
    engine.host.closeToBridges = async () => gap;
    const { fake, lines } = await start({ SANDBOX_NETWORK: 'bridge' }, engine);
    const warnings = await warningsAfter(fake, some);
    expect(warnings).toEqual([
      expect.stringMatching(/cannot set the rules of a firewall that keep sandboxes from this machine/),
    ]);
    expect(lines.find(({ msg }) => msg === warnings?.[0])?.detail).toBe(gap);
    gap = null;
    await warningsAfter(fake, none);
    gap = 'a firewall was loaded anew';
    await warningsAfter(fake, some);
  });

  it('says that the pool cannot be filled, and the log why', async () => {
    const engine = new FakeEngine();
    engine.onAgent = (_, spec) => {
      throw new Error(`no room for ${spec.name}`);
    };
    const { fake, lines } = await start({ SANDBOX_POOL_SIZE: '1' }, engine);
    const warnings = await warningsAfter(fake, some);
    expect(warnings).toEqual(['No sandbox can be made; the log of the server says why.']);
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: warnings?.[0], detail: expect.stringMatching(/^no room for /) }),
    );
  });

  it('answers at once while a look is under way', async () => {
    const { fake } = await start();
    const gate = fake.engine.hold('imageId');
    fake.clock.nowMs += 5_000;
    await gate.reached;
    expect(await health(fake)).toMatchObject({ status: 'healthy' });
    gate.release();
  });
});
