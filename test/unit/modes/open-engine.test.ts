import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { isSameIncus, openEngine } from '../../../src/modes/open-engine.ts';
import { FakeMembers } from '../../support/incus-members/fake-members.ts';

const closers: (() => Promise<unknown>)[] = [];
let members: FakeMembers;
let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'clara-home-'));
  closers.push(() => rm(home, { recursive: true }));
  vi.stubEnv('HOME', home);
  members = await FakeMembers.start(closers);
  await members.makeKnown(home, 'home');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closers.splice(0).reverse()) await close();
});

/** The Incus of that name, for a server that has no token for it. */
const named = (remote: string) => {
  const place = { project: 'clara-sandbox', pool: null, trustToken: null, trustFolder: '/nowhere' };
  return openEngine('incus', { remote, ...place });
};

it('an Incus that the incus command knows by a name is reached by that, with the certificates of the command', async () => {
  const engine = named('home');
  closers.push(() => engine.close());
  expect((await engine.info()).version).toBe('6.0.4');
  expect(members.asked.some((call) => call.startsWith('node1 GET /1.0'))).toBe(true);
});

it('a name and an address of the same machine are the same Incus', async () => {
  const project = 'clara-sandbox';
  const same = (one: string, other: string) => isSameIncus({ remote: one, project }, { remote: other, project });
  const [port] = members.ports;
  expect(same('home', `https://127.0.0.1:${port}`)).toBe(true);
  expect(same('home', 'local')).toBe(false);
  expect(same('forgotten', 'forgotten')).toBe(true);
});

it.each([
  ['nobody', 'a name that `incus remote list` shows'],
  ['pictures', 'is reached by simplestreams'],
  ['own', 'is a socket of this machine'],
  ['stranger', 'has no servercerts/stranger.crt'],
])('the name %s opens nothing, with a sentence', (name, sentence) => {
  expect(() => named(name)).toThrow(sentence);
});

it.each(['remotes: [', 'remotes: 5'])(
  'a file of the command that says %s opens nothing, with a sentence',
  async (text) => {
    await writeFile(join(home, '.config', 'incus', 'config.yml'), text);
    expect(() => named('home')).toThrow('config.yml cannot be read as what the incus command writes there.');
  },
);
