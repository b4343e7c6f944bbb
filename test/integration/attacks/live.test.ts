import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEvents, textOf } from '../../support/event-stream.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';

/** Fewer on gVisor's kernel, where to start a program and to write a line cost many times as much. */
const [FORGOTTEN, LINES] = IS_GVISOR ? [1_000, 1_000] : [5_000, 4_000];

/** A text of 25,000 characters is the longest that is shown, and a little is about it. */
const MOST_SHOWN = 26_000;

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});
afterAll(async () => {
  await server?.close();
});

async function cell(code: string, timeout = 30) {
  const answer = await server.call('POST', '/sandbox/u/contexts/default/execute', { code, timeout });
  expect(answer.status).toBe(200);
  return answer.body;
}

describe('a cell', { timeout: 120_000 }, () => {
  it('that forks and comes back twice is answered once, and the next one is in the interpreter that was asked', async () => {
    expect(await cell('import os\nmine = os.getpid()\nchild = os.fork()\nprint("back")')).toMatchObject({
      success: true,
      execution_count: 1,
    });
    expect(await cell('os.getpid() == mine, child > 0')).toMatchObject({
      success: true,
      execution_count: 2,
      results: [{ data: { 'text/plain': '(True, True)' } }],
    });
  });

  it('that shows for ever is bounded, says so, and its neighbour is answered', async () => {
    const [flood, neighbour] = await Promise.all([
      cell('while True: display(1)', 3),
      server.execute('neighbour', 'print(1)'),
    ]);
    expect(flood).toMatchObject({ success: false, timed_out: true, results_truncated: true });
    expect(neighbour.body).toMatchObject({ success: true, output: '1\n' });
    expect(await cell('1 + 1')).toMatchObject({ success: true, results: [{ data: { 'text/plain': '2' } }] });
  });

  it('that shows more than an answer may hold is cut, and says so', async () => {
    const { results, results_truncated } = await cell('display({"text/plain": "x" * (100 << 20)}, raw=True)');
    expect(results_truncated).toBe(true);
    expect(JSON.stringify(results).length).toBeLessThan(MOST_SHOWN);
    expect(await cell('2 + 2')).toMatchObject({ success: true, results: [{ data: { 'text/plain': '4' } }] });
  });
});

describe('programs that outlive their run', { timeout: 120_000 }, () => {
  it('are no burden once they have ended, thousands of them', async () => {
    const forgotten = `for n in $(seq ${FORGOTTEN}); do (true &); done; echo started`;
    expect((await server.shell('u', forgotten, { timeout: 100 })).body).toMatchObject({ output: 'started\n' });
    const count = `ps -eo stat=,comm= | awk '$1 ~ /^Z/ || $2 == "bash"' | wc -l`;
    const { body } = await server.shell('u', count);
    expect(body).toMatchObject({ error: null, output: expect.stringMatching(/^\d+\n$/) });
    expect(Number(body.output)).toBeLessThan(50);
  });
});

describe('two hundred streams at once, over twenty sandboxes', { timeout: 300_000 }, () => {
  it('are each right to the byte', async () => {
    const users = Array.from({ length: 20 }, (_, index) => `streamer-${index}`);
    for (const user of users) expect((await server.call('POST', `/sandbox/${user}/create`)).status).toBe(200);
    const digests = await Promise.all(
      users.flatMap((user) => Array.from({ length: 10 }, (_, index) => digestOf(user, `${user}.${index}`))),
    );
    expect(digests.filter(({ got, wanted }) => got !== wanted)).toEqual([]);
  });
});

/** What a stream told of numbered lines, and what it had to. */
async function digestOf(user: string, name: string): Promise<{ name: string; got: string; wanted: string }> {
  const response = fetch(`${server.url}/sandbox/${user}/shell`, {
    method: 'POST',
    headers: { 'x-api-key': server.apiKey, 'content-type': 'application/json', accept: 'application/x-ndjson' },
    body: JSON.stringify({ command: `for ((n = 0; n < ${LINES}; n++)); do echo "${name} $n"; done`, timeout: 200 }),
  });
  const events = await readEvents(response);
  const wanted = Array.from({ length: LINES }, (_, n) => `${name} ${n}\n`).join('');
  return { name, got: digest(textOf(events, 'stdout')), wanted: digest(wanted) };
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
