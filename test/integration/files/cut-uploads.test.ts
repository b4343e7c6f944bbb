import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineSandbox } from '../../../src/engines/engine.ts';
import { FIND_AGENT } from '../../support/agent-attacks.ts';
import { containerBy, endContainer } from '../../support/engine-view.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

const MIB = 2 ** 20;

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer({ SANDBOX_DISK_LIMIT: '128m' });
});

afterAll(() => server.close());

const python = async (user: string, code: string): Promise<string> =>
  (await server.execute(user, code)).body.output.trim();

/** All that is in the sandbox's folders, whatever its name, and the megabytes that it takes. */
async function contents(user: string): Promise<{ files: string; megabytes: number }> {
  const look = `import os
print(sorted(os.path.join(top, name) for root in ('/workspace', '/packages') for top, _, names in os.walk(root) for name in names))`;
  const { body } = await server.call('GET', `/sandbox/${user}/status`);
  return { files: await python(user, look), megabytes: Math.round(body.disk_usage_mb) };
}

/** Begins an upload of which 8 MiB come and no end, and resolves once the sandbox has them. */
async function begin(user: string, path: string): Promise<{ ended: Promise<unknown> }> {
  const sent = request(`${server.url}/sandbox/${user}/${path}`, {
    method: 'PUT',
    headers: { 'x-api-key': 'key-for-these-tests', 'content-length': String(64 * MIB) },
  });
  const ended = new Promise((resolve) => {
    sent.on('response', (response) => response.resume().on('close', resolve));
    sent.on('error', resolve);
  });
  const usedBefore = await used(user);
  sent.write(randomBytes(8 * MIB));
  await expect.poll(() => used(user), { timeout: 30_000 }).toBeGreaterThan(usedBefore + 6);
  return { ended };
}

const used = async (user: string) => (await server.call('GET', `/sandbox/${user}/status`)).body.disk_usage_mb;

async function containerOf(user: string): Promise<EngineSandbox> {
  const { body } = await server.call('GET', `/sandbox/${user}/status`);
  return await containerBy(server.dataDir, body.container_id);
}

const cuts: readonly [string, (user: string) => Promise<unknown>][] = [
  ['a stop', (user) => server.call('POST', `/sandbox/${user}/stop`)],
  ['a restart', (user) => server.call('POST', `/sandbox/${user}/restart`)],
  ['a delete', (user) => server.call('DELETE', `/sandbox/${user}`)],
  ['the end of its container', async (user) => await endContainer(await containerOf(user))],
  ['the end of its agent', (user) => server.execute(user, `${FIND_AGENT}\nos.kill(AGENT, 9)`)],
];

describe.each([
  ['a file that replaces another', 'raw?path=old'],
  ['a new file', 'raw?path=deep/new'],
  ['an archive', 'archive?path=unpacked&format=tar'],
])('an upload of %s', (what, path) => {
  it.each(cuts)('that is cut by %s leaves nothing that counts', async (how, cut) => {
    const user = `${what} ${how}`;
    await server.execute(user, "open('old', 'w').write('old'); import os; os.makedirs('deep/er')");
    const before = await contents(user);
    const { ended } = await begin(user, path);
    await cut(user);
    await ended;
    expect(await python(user, "print(open('old').read())")).toBe('old');
    // A program of the agent that has its end ahead may still hold what it was sent.
    await expect.poll(() => contents(user)).toEqual(before);
    await server.call('DELETE', `/sandbox/${user}`);
  });
});
