import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FakeApp } from '../../support/fake-app.ts';
import { startLocalApp } from '../../support/local-app.ts';

let fake: FakeApp;

beforeAll(async () => {
  fake = await startLocalApp();
});

afterAll(() => fake.close());

const run = async (user: string, kind: 'execute' | 'shell', body: object) =>
  (await fake.call('POST', `/sandbox/${user}/${kind}`, body)).json();

describe('a local sandbox', () => {
  it('runs Python and commands by the real agent', async () => {
    expect(await run('a', 'execute', { code: 'print(6 * 7)' })).toMatchObject({ success: true, output: '42\n' });
    expect(await run('a', 'shell', { command: 'pwd; exit 3' })).toMatchObject({
      success: false,
      output: '/workspace\n',
    });
  });

  it('keeps its files to itself, and sees no process of another', async () => {
    await fake.call('POST', '/sandbox/a/file', { path: 'own.txt', content: 'x' });
    // A fork of an agent has its name until it becomes a program.
    const count = `awk '$2 == "(clara-agent)" { of[$1] = $4 } END { for (pid in of) if (!(of[pid] in of)) n++; print n }'`;
    const command = `ls /workspace; cat /proc/[0-9]*/stat 2>/dev/null | ${count}`;
    expect((await run('a', 'shell', { command })).output).toBe('own.txt\n1\n');
    expect((await run('b', 'shell', { command })).output).toBe('1\n');
  });

  it('stands still while it is paused, and goes on with what it had', async () => {
    expect((await fake.call('POST', '/sandbox/a/pause')).json()).toMatchObject({ status: 'paused' });
    expect((await fake.call('POST', '/sandbox/a/file', { path: 'b.txt', content: 'y' })).json()).toMatchObject({
      success: true,
    });
    expect((await run('a', 'shell', { command: 'cat own.txt b.txt' })).output).toBe('xy');
  });

  it('ends with all that runs in it, and begins anew with its files', async () => {
    await fake.call('POST', '/sandbox/a/processes', { command: 'sleep 1000' });
    expect((await fake.call('POST', '/sandbox/a/stop')).statusCode).toBe(200);
    const command = 'ps -e 2>/dev/null | grep -c sleep; cat own.txt';
    expect((await run('a', 'shell', { command })).output).toBe('0\nx');
  });
});
