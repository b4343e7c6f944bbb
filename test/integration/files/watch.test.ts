import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
}, 120_000);

afterAll(async () => await server?.close(), 120_000);

/** The lines of a watch that has begun; `until` resolves with those up to the first that fits, without pings. */
async function watch(query: string) {
  const left = new AbortController();
  const answer = await fetch(`${server.url}/sandbox/u/fs/watch?${query}`, {
    headers: { 'X-API-Key': server.apiKey, Accept: 'application/x-ndjson' },
    signal: left.signal,
  });
  const lines: Record<string, unknown>[] = [];
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  const until = async (path: string) => {
    while (!lines.some((line) => line.path === path)) {
      const { value, done } = (await reader?.read()) ?? { done: true };
      if (done) break;
      const parts = `${rest}${value}`.split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts.map((part) => JSON.parse(part)).filter((line) => line.event !== 'ping'));
    }
    return lines;
  };
  return { status: answer.status, until, leave: () => left.abort() };
}

const get = (query: string, headers: Record<string, string> = {}) =>
  fetch(`${server.url}/sandbox/u/fs/watch?${query}`, { headers: { 'X-API-Key': server.apiKey, ...headers } });

describe('fs/watch', () => {
  it('tells what happens below a folder, numbered from 1, in order', async () => {
    await server.shell('u', 'mkdir -p /workspace/w');
    const { status, until, leave } = await watch('path=w');
    expect(status).toBe(200);
    await server.shell('u', 'cd w; mkdir sub; echo 1 > sub/a; mv sub/a sub/b; chmod 600 sub/b; rm sub/b; touch end');
    const lines = await until('/workspace/w/end');
    leave();
    expect(lines.map(({ id }) => id)).toEqual(lines.map((_, index) => index + 1));
    expect(lines[0]).toEqual({ id: 1, event: 'created', path: '/workspace/w/sub', type: 'directory' });
    // What comes and goes before a new folder is watched leaves nothing to tell.
    expect(lines.at(-1)).toMatchObject({ path: '/workspace/w/end', type: 'file' });
  });

  it('tells changes of a file by their kinds', async () => {
    await server.shell('u', 'mkdir -p /workspace/k; echo 1 > /workspace/k/a');
    const { until, leave } = await watch('path=/workspace/k&recursive=false');
    await server.shell('u', 'cd k; echo 2 >> a; mv a b; rm b; touch end');
    const lines = await until('/workspace/k/end');
    leave();
    expect(lines.slice(0, 3)).toEqual([
      { id: 1, event: 'modified', path: '/workspace/k/a', type: 'file' },
      { id: 2, event: 'renamed', path: '/workspace/k/b', from: '/workspace/k/a', type: 'file' },
      { id: 3, event: 'deleted', path: '/workspace/k/b', type: 'file' },
    ]);
  });

  it('ends when the folder is gone', async () => {
    await server.shell('u', 'mkdir /workspace/gone');
    const answer = await get('path=gone', { Accept: 'application/x-ndjson' });
    await server.shell('u', 'rmdir /workspace/gone');
    expect(await answer.text()).toContain('{"id":1,"event":"deleted","path":"/workspace/gone","type":"directory"}');
  });

  it('cannot be resumed, and refuses what is no folder', async () => {
    expect((await get('path=.', { 'Last-Event-ID': '3' })).status).toBe(410);
    expect((await get('path=.&after=3')).status).toBe(410);
    expect((await get('path=absent')).status).toBe(404);
    expect((await get('')).status).toBe(422);
    expect((await get('path=.&recursive=perhaps')).status).toBe(422);
  });

  it('has at most 64 watchers, and says when to try again', async () => {
    const watchers = await Promise.all(Array.from({ length: 64 }, () => watch('path=.')));
    const refused = await get('path=.');
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    for (const watcher of watchers) watcher.leave();
  });
});
