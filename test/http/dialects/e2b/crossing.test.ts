import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { e2bApp, GONE } from '../../../support/e2b-app.ts';

const e2b = e2bApp();
const { start, call, make, health } = e2b;

beforeEach(() => start());
afterEach(() => e2b.fake.close());

describe('of calls that cross', () => {
  it('one resumes a sandbox, and the other finds it running', async () => {
    const { sandboxID: id } = await make();
    await call('POST', `/sandboxes/${id}/pause`);
    const resume = (timeout: number) => call('POST', `/sandboxes/${id}/resume`, { timeout });
    const answers = await Promise.all([resume(600), resume(20)]);
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([201, 409]);
    const { endAt } = (await call('GET', `/sandboxes/${id}`)).json();
    expect(Date.parse(endAt)).toBe(e2b.fake.clock.wallMs() + 600_000);
  });

  it('a request finds nothing that was ended while it waited', async () => {
    const { sandboxID: id } = await make({ autoResume: { enabled: true } });
    await call('POST', `/sandboxes/${id}/pause`);
    const gate = e2b.fake.engine.hold('resume');
    const connected = call('POST', `/sandboxes/${id}/connect`, { timeout: 60 });
    await gate.reached;
    const killed = call('DELETE', `/sandboxes/${id}`);
    await call('GET', `/sandboxes/${id}`);
    const asked = health(id);
    await call('GET', `/sandboxes/${id}`);
    gate.release();
    expect([(await connected).statusCode, (await killed).statusCode]).toEqual([201, 204]);
    const answer = await asked;
    expect([answer.statusCode, answer.json()]).toEqual([502, { sandboxId: id, ...GONE }]);
  });

  it('a message that comes slowly finds nothing that was ended meanwhile', async () => {
    const { sandboxID: id } = await make();
    const payload = new Readable({ read: () => undefined });
    payload.push('{"path":');
    const asked = e2b.fake.inject({
      method: 'POST',
      url: '/filesystem.Filesystem/Stat',
      headers: { 'e2b-sandbox-id': id, 'e2b-sandbox-port': '49983', 'content-type': 'application/json' },
      payload,
    });
    expect((await health(id)).statusCode).toBe(204);
    await call('DELETE', `/sandboxes/${id}`);
    payload.push('"/tmp"}');
    payload.push(null);
    const answer = await asked;
    expect([answer.statusCode, answer.json()]).toEqual([502, { sandboxId: id, ...GONE }]);
  });
});
