import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FakeApp } from '../../support/fake-app.ts';
import { startLocalApp } from '../../support/local-app.ts';

let fake: FakeApp;

beforeAll(async () => {
  fake = await startLocalApp();
});

afterAll(() => fake.close());

describe('a kept process', () => {
  it('is waited for also where that is no whole number of milliseconds', async () => {
    const { id } = (await fake.call('POST', '/sandbox/u/processes', { command: 'sleep 1000' })).json();
    const waited = await fake.call('POST', `/sandbox/u/processes/${id}/wait`, { timeout: 0.0161 });
    expect([waited.statusCode, waited.json().state]).toEqual([200, 'running']);
  });
});
