import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { API_KEY, type FakeApp, startNativeApp } from '../../support/fake-app.ts';

const EVENTS = '/sandbox/u/processes/1/events';
const NDJSON = 'application/x-ndjson';

let fake: FakeApp;

beforeEach(async () => {
  fake = await startNativeApp();
});

afterEach(() => fake.close());

/** The answer to a request that says so much in its headers. */
const ask = (method: 'GET' | 'POST', url: string, headers: Readonly<Record<string, string>>, payload?: object) =>
  fake.inject({ method, url, headers: { 'x-api-key': API_KEY, ...headers }, ...(payload ? { payload } : {}) });

/** All events of code that is run as a stream. */
const streamed = async (body: object) => {
  const answer = await ask('POST', '/sandbox/u/execute', { accept: NDJSON }, body);
  return answer.body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
};

describe('the events of a process that has ended', () => {
  beforeEach(async () => {
    expect((await streamed({ code: "print('one')" })).map(({ id }) => id)).toEqual([1, 2, 3]);
  });

  it.each([
    ['?after=1', '3', 204, []],
    ['?after=1', '2', 200, [3]],
    ['?after=2', '1', 200, [3]],
    ['?after=1', '', 200, [2, 3]],
    ['', '2', 200, [3]],
  ])('asked for as %s by one who has seen “%s” go on behind the later of the two', async (query, seen, status, ids) => {
    const answer = await ask('GET', `${EVENTS}${query}`, { 'last-event-id': seen });
    expect(answer.statusCode).toBe(status);
    expect([...answer.body.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))).toEqual(ids);
  });

  it.each([
    ['application/json, application/x-ndjson', NDJSON],
    [`${NDJSON}, text/event-stream`, NDJSON],
    [`text/event-stream, ${NDJSON}`, 'text/event-stream'],
    [`${NDJSON};q=0`, 'text/event-stream'],
    ['application/json', 'text/event-stream'],
    ['*/*', 'text/event-stream'],
  ])('come to who accepts %s as %s', async (accept, type) => {
    expect((await ask('GET', EVENTS, { accept })).headers['content-type']).toBe(`${type}; charset=utf-8`);
  });
});

describe('code that is streamed', () => {
  it.each(['python', 'javascript', 'typescript', 'bash', 'go'])(
    'in %s is listed as what its caller has sent, and its exit has what a plain answer has',
    async (language) => {
      const code = 'console.log(1)\n// end';
      const exit = (await streamed({ code, language })).at(-1);
      const { processes } = (await fake.call('GET', '/sandbox/u/processes')).json();
      expect(processes).toMatchObject([{ kind: 'code', command: code }]);
      expect(exit).toMatchObject({ event: 'exit', success: true, results_truncated: false, exception: null });
    },
  );

  it('as a command has no results', async () => {
    const answer = await ask('POST', '/sandbox/u/shell', { accept: NDJSON }, { command: 'echo 1' });
    expect(answer.body).not.toContain('results_truncated');
  });
});
