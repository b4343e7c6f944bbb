import { afterEach, describe, expect, it } from 'vitest';
import { createDeferred } from '../../../src/async/deferred.ts';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { API_KEY, type FakeApp, speaking, startNativeApp } from '../../support/fake-app.ts';
import { keyEntry } from '../../support/key-entry.ts';
import { until } from '../../support/until.ts';

const BOT_KEY = 'the key of the bot';
const BOT = keyEntry('bot', BOT_KEY, ';prefix=bot-');

const opened: FakeApp[] = [];

afterEach(async () => {
  for (const fake of opened.splice(0).reverse()) await fake.close();
});

async function start(variables: Readonly<Record<string, string>>, engine = new FakeEngine()): Promise<FakeApp> {
  const fake = await startNativeApp(variables, engine);
  opened.push(fake);
  return fake;
}

const create = (fake: FakeApp, user: string, image: string, key = API_KEY) =>
  fake.inject({
    method: 'POST',
    url: `/sandbox/${user}/create`,
    headers: { 'x-api-key': key },
    payload: { image },
  });

const imagesOf = ({ engine }: FakeApp) => [...engine.sandboxes.values()].map(({ spec, state }) => [spec.image, state]);

describe('a create that names an image', () => {
  it('is refused with 422, the image and how to permit it, whoever asks and whether the image is there or not', async () => {
    const fake = await start({ SANDBOX_API_KEYS: BOT });
    for (const image of ['secrets:latest', 'absent:latest', 'clara-sandbox:other', 'sha256:ab', '0a1b']) {
      for (const [user, key] of [
        ['u', API_KEY],
        ['bot-u', BOT_KEY],
      ] as const) {
        const answer = await create(fake, user, image, key);
        expect(answer.statusCode).toBe(422);
        expect(answer.json().error).toBe(
          `Image ${image} is not permitted on this server, which gives clara-sandbox:latest. The operator of the server adds others to SANDBOX_DOCKER_IMAGES.`,
        );
      }
    }
    expect(imagesOf(fake)).toEqual([]);
  });

  it('may name the configured one, and what is permitted besides', async () => {
    const fake = await start({ SANDBOX_DOCKER_IMAGE: 'own:1', SANDBOX_DOCKER_IMAGES: 'python:3*, team/*' });
    for (const [user, image] of [
      ['a', 'own:1'],
      ['b', 'python:3.12'],
      ['c', 'team/tools'],
    ] as const) {
      expect((await create(fake, user, image)).statusCode).toBe(200);
    }
    const refused = await create(fake, 'd', 'clara-sandbox:latest');
    expect(refused.json().error).toMatch(/which gives own:1, python:3\*, team\/\*\. /);
    expect(imagesOf(fake).map(([image]) => image)).toEqual(['own:1', 'python:3.12', 'team/tools']);
  });

  it('leaves a sandbox as it was where it is refused', async () => {
    const fake = await start({});
    await fake.call('POST', '/sandbox/u/create');
    expect((await create(fake, 'u', 'secrets:latest')).statusCode).toBe(422);
    expect(imagesOf(fake)).toEqual([['clara-sandbox:latest', 'running']]);
  });
});

describe('an image that the engine loads', () => {
  const NAME = 'images:debian/12/cloud';

  it('keeps nobody from a sandbox of another image while some wait for it', async () => {
    const engine = new FakeEngine();
    const loaded = createDeferred<void>();
    const waiting: string[] = [];
    engine.loadImage = async (name) => {
      if (name !== NAME) return;
      waiting.push(name);
      await loaded.promise;
    };
    const fake = await start({ SANDBOX_DOCKER_IMAGES: NAME }, engine);
    const users = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const creates = Promise.all(users.map(async (user) => (await create(fake, user, NAME)).statusCode));
    await until('all wait', () => waiting.length === users.length);
    expect((await fake.call('POST', '/sandbox/other/create')).statusCode).toBe(200);
    loaded.resolve();
    expect(await creates).toEqual(users.map(() => 200));
  });

  it('may be asked for by its name before it is there', async () => {
    const engine = new FakeEngine();
    const images = { ...engine.traits.images, isServed: (name: string) => name === NAME };
    Object.assign(engine, { traits: { ...engine.traits, images } });
    for (const name of [NAME, 'images:other']) engine.images.absent.add(name);
    engine.loadImage = async (name) => void engine.images.absent.delete(name);
    const fake = await startNativeApp({ SANDBOX_DOCKER_IMAGES: 'images:*' }, engine, speaking('k2'));
    opened.push(fake);
    const make = async (image: string) => await fake.call('POST', '/sandboxes', { template: image });
    expect((await make(NAME)).statusCode).toBeLessThan(300);
    expect((await make('images:other')).body).toContain('images:other is not on this machine');
  });
});

describe('a sandbox whose image is permitted no longer', () => {
  /** A server with a sandbox of such an image, after it was started with it permitted and then without. */
  async function restarted(beforeClose: (fake: FakeApp) => Promise<unknown> = async () => {}): Promise<FakeApp> {
    const before = await startNativeApp({ SANDBOX_DOCKER_IMAGES: 'tools:1' });
    expect((await create(before, 'u', 'tools:1')).statusCode).toBe(200);
    await before.call('POST', '/sandbox/u/file', { path: 'kept.txt', content: 'kept' });
    await beforeClose(before);
    await before.app.close();
    before.engine.revive();
    return await start({ SANDBOX_DATA_DIR: before.dataDir }, before.engine);
  }

  const refusal = {
    error:
      'Image tools:1 is not permitted on this server, which gives clara-sandbox:latest. Create the sandbox with another, such as {"image": "clara-sandbox:latest"}: its files stay. Or ask the operator to add this one to SANDBOX_DOCKER_IMAGES.',
  };

  it.each(['running', 'stopped'])('and that was %s is stopped, and does not start again', async (state) => {
    const fake = await restarted(async (before) => {
      if (state === 'stopped') await before.call('POST', '/sandbox/u/stop');
    });
    expect(imagesOf(fake)).toEqual([['tools:1', 'stopped']]);
    for (const [url, body] of [
      ['/sandbox/u/execute', { code: 'print(1)' }],
      ['/sandbox/u/restart', undefined],
      ['/sandbox/u/create', undefined],
      ['/sandbox/u/create', { memory_limit: '256m' }],
    ] as const) {
      const answer = await fake.call('POST', url, body);
      expect(answer.statusCode).toBe(422);
      expect(answer.json()).toMatchObject(refusal);
    }
    expect(imagesOf(fake)).toEqual([['tools:1', 'stopped']]);
    expect((await fake.call('GET', '/sandbox/u/status')).json()).toMatchObject({ status: 'stopped' });
  });

  it('starts with another image when a create names one', async () => {
    const fake = await restarted();
    expect((await create(fake, 'u', 'clara-sandbox:latest')).statusCode).toBe(200);
    expect(imagesOf(fake)).toEqual([['clara-sandbox:latest', 'running']]);
    expect((await fake.call('POST', '/sandbox/u/execute', { code: 'print(1)' })).json()).toMatchObject({
      output: '1\n',
    });
  });

  it('is made anew as the server has it when it was deleted', async () => {
    const fake = await restarted();
    expect((await fake.call('DELETE', '/sandbox/u')).statusCode).toBe(200);
    expect((await fake.call('POST', '/sandbox/u/execute', { code: 'print(1)' })).statusCode).toBe(200);
    expect(imagesOf(fake)).toEqual([['clara-sandbox:latest', 'running']]);
  });
});
