import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';

let fake: FakeApp;
let users = 0;
let sandbox: string;

beforeAll(async () => {
  fake = await startNativeApp();
});

beforeEach(() => {
  users += 1;
  sandbox = `/sandbox/u${users}`;
});

afterAll(() => fake.close());

const create = async (body?: object) => await fake.call('POST', `${sandbox}/create`, body);
const change = async (body: object) => await fake.call('PATCH', sandbox, body);

describe('the settings of a sandbox', () => {
  it.each([
    [{ env: { '1A': 'x' } }, ['env', '1A']],
    [{ env: { A: 1 } }, ['env', 'A']],
    [{ env: { A: 'a\0b' } }, ['env', 'A']],
    [{ env: ['A=1'] }, ['env']],
    [{ env: { A: 'x'.repeat(131_072) } }, ['env']],
    [{ labels: { ['k'.repeat(64)]: 'v' } }, ['labels', 'k'.repeat(64)]],
    [{ labels: { '': 'v' } }, ['labels', '']],
    [{ labels: { k: 'v'.repeat(256) } }, ['labels', 'k']],
    [{ expires_at: '2025-12-31T23:59:59Z' }, ['expires_at']],
    [{ expires_at: '2027-01-03T00:00:00Z' }, ['expires_at']],
    [{ expires_at: '2026-01-02T00:00:00' }, ['expires_at']],
    [{ expires_at: '2026-02-30T00:00:00Z' }, ['expires_at']],
    [{ expires_at: 1_767_312_000 }, ['expires_at']],
    [{ idle_timeout: 9 }, ['idle_timeout']],
    [{ idle_timeout: 86_401 }, ['idle_timeout']],
    [{ idle_timeout: -1 }, ['idle_timeout']],
    [{ pause_after: 9.5 }, ['pause_after']],
    [{ pause_after: '60' }, ['pause_after']],
  ])('that are wrong are a 422 which names the field, and change nothing: %j', async (body, loc) => {
    expect((await create(body)).statusCode).toBe(422);
    expect((await fake.call('GET', `${sandbox}/status`)).statusCode).toBe(404);
    await create({ labels: { kept: '1' } });
    for (const refused of [await create({ ...body }), await change(body)]) {
      expect([refused.statusCode, refused.json().detail[0]?.loc.slice(0, 1 + loc.length)]).toEqual([
        422,
        ['body', ...loc],
      ]);
    }
    expect((await fake.call('GET', `${sandbox}/status`)).json()).toMatchObject({
      labels: { kept: '1' },
      env: [],
      expires_at: null,
    });
  });
});
