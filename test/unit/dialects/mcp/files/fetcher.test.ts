import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, expect, it } from 'vitest';
import { FETCHER } from '../../../../../src/dialects/mcp/files/fetcher.ts';

const closers: (() => unknown)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** What is said of a download that a server refuses with this reason and this text. */
async function saidOf(reason: string, body: string): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(403, reason, { 'content-type': 'text/plain' }).end(body);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  closers.push(() => server.close());
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/x`;
  const source = `${FETCHER}\nfetch('${url}', '/tmp/x', 5)\n`;
  const program = spawn('python3', ['-c', source], { env: { PATH: process.env.PATH } });
  return (await text(program.stderr)).trim();
}

it('a server that refuses a download is quoted', async () => {
  expect(await saidOf('Forbidden', 'Not from here.\n')).toBe('The server answered 403 Forbidden: Not from here.');
  expect(await saidOf('Forbidden', '')).toBe('The server answered 403 Forbidden');
});

it('the reason of the sandbox’s proxy, which says it twice, is said once', async () => {
  const why = 'Sandboxes may not reach 10.0.0.1.';
  expect(await saidOf(why, `${why}\n`)).toBe(`The server answered 403 ${why}`);
});
