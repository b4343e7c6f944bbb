import { afterEach, beforeEach, expect, it } from 'vitest';
import { e2bApp } from '../../../support/e2b-app.ts';

const e2b = e2bApp();
const { start, call, make } = e2b;

/** What stands in a host for the port that a request is for. */
const PORT = ['$', '{PORT}'].join('');

beforeEach(() => start());
afterEach(() => e2b.fake.close());

it.each(['a b', 'a\r\nX-Other: 1', 'a/b', 'héhé', 'a:b', '-a'])(
  'a host %j is none that requests could have',
  async (maskRequestHost) => {
    const answer = await call('POST', '/sandboxes', { templateID: 'base', secure: true, network: { maskRequestHost } });
    expect([answer.statusCode, answer.json()]).toEqual([
      400,
      { code: 400, message: expect.stringContaining('maskRequestHost') },
    ]);
  },
);

it.each([`localhost:${PORT}`, `${PORT}-x.example.org`, '[::1]:80', 'a_b', ''])(
  'a host %j is one',
  async (maskRequestHost) => {
    const { sandboxID: id } = await make({ network: { maskRequestHost } });
    const { network } = (await call('GET', `/sandboxes/${id}`)).json();
    expect(network.maskRequestHost).toBe(maskRequestHost === '' ? undefined : maskRequestHost);
  },
);
