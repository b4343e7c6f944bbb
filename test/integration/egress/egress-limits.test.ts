import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppParts } from '../../../src/app-parts.ts';
import { type Origin, startOrigin } from '../../support/origin.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { until } from '../../support/until.ts';

const BIG_BYTES = 20 * 2 ** 20;

let origin: Origin;
const closers: (() => unknown)[] = [];

beforeEach(async () => {
  origin = await startOrigin();
  closers.push(() => origin.close());
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(
  variables: Readonly<Record<string, string>> = {},
  parts: Partial<AppParts> = {},
): Promise<RealServer> {
  const network = { SANDBOX_NETWORK: 'proxy', SANDBOX_EGRESS_ALLOW: '127.0.0.0/8' };
  const server = await startRealServer({ ...network, ...variables }, { resolver: async () => ['127.0.0.1'], ...parts });
  closers.push(() => server.close());
  return server;
}

const httpUrl = (path: string) => `http://origin.test:${origin.httpPort}${path}`;

/** Connects through the proxy by hand and prints what comes, one line for each thing that is asked. */
const CONNECT = (port: number, after: string) => `
import socket
def connect():
    proxy = socket.create_connection(("127.0.0.1", 3128), 60)
    proxy.sendall(b"CONNECT origin.test:${port} HTTP/1.1\\r\\n\\r\\n")
    head = b""
    while not head.endswith(b"\\r\\n\\r\\n"):
        part = proxy.recv(1)
        if not part: break
        head += part
    return proxy, head.split(b"\\r\\n")[0].decode()
${after}`;

const egressOf = async (server: RealServer, user: string) =>
  (await server.call('GET', `/sandbox/${user}/status`)).body.egress;

/** The same once no connection is open: one counts until both of its ends are closed, which may be after its program has ended. */
async function egressAtRest(server: RealServer, user: string) {
  await until('every connection is closed', async () => (await egressOf(server, user)).connections_open === 0);
  return await egressOf(server, user);
}

describe('a connection that takes too long', () => {
  it('because the host never answers is a 504 that says so', async () => {
    const server = await start({}, { egressDeadlines: { idleMs: 500 } });
    const { body } = await server.shell('u', `curl -s -w '%{http_code}' ${httpUrl('/hang')}`);
    expect(body.output).toBe('Nothing was sent for 0.5 seconds.\n504');
    // A tunnel has no place for a sentence.
    const idle = CONNECT(origin.httpPort, 'proxy, status = connect()\nprint(status)\nprint(proxy.recv(10))');
    expect((await server.execute('u', idle)).body).toMatchObject({
      error: null,
      output: "HTTP/1.1 200 Connection established\nb''\n",
    });
    expect(await egressAtRest(server, 'u')).toMatchObject({ connections_allowed: 2 });
  });

  it('is none as long as bytes pass now and then, in either direction', async () => {
    const server = await start({}, { egressDeadlines: { idleMs: 3_000 } });
    const slow = CONNECT(
      origin.httpPort,
      `import time
proxy, _ = connect()
for part in b"GET ", b"/hel", b"lo H", b"TTP/", b"1.1\\r\\nHost: x\\r\\n", b"\\r\\n":
    proxy.sendall(part)
    time.sleep(0.6)
print(proxy.recv(1000).split(b"\\r\\n")[0].decode())`,
    );
    expect((await server.execute('u', slow)).body).toMatchObject({ error: null, output: 'HTTP/1.1 200 OK\n' });
  });

  it('because nobody takes it is a 504', async () => {
    const server = await start({}, { egressDeadlines: { addressMs: 300 } });
    const port = await startDeafHost();
    const { body } = await server.shell('u', `curl -s -w '%{http_code}' http://origin.test:${port}/`);
    expect(body.output).toBe(`origin.test does not answer on port ${port}.\n504`);
    expect(await egressAtRest(server, 'u')).toMatchObject({ connections_failed: 1 });
  });

  it('because its name cannot be looked up is a 504', async () => {
    const resolver = () => new Promise<never>(() => undefined);
    const server = await start({}, { egressDeadlines: { resolveMs: 300 }, resolver });
    const { body } = await server.shell('u', `curl -s -w '%{http_code}' ${httpUrl('/hello')}`);
    expect(body.output).toBe('origin.test could not be looked up in time.\n504');
  });
});

describe('the limits of a sandbox', () => {
  it('leave room for a connection when one has ended', async () => {
    const server = await start({ SANDBOX_EGRESS_MAX_CONNECTIONS: '2' });
    const code = CONNECT(
      origin.httpPort,
      `(one, first), (other, second), (_, third) = connect(), connect(), connect()
print(first[9:12], second[9:12], third)
one.close()
while (again := connect())[1][9:12] != "200": again[0].close()
print(again[1][9:12])`,
    );
    expect((await server.execute('u', code)).body).toMatchObject({
      error: null,
      output: '200 200 HTTP/1.1 503 This sandbox already has 2 connections; close some and try again.\n200\n',
    });
  });

  it('end what it sends when its bytes are used up, and then what is asked anew', async () => {
    const server = await start({ SANDBOX_EGRESS_MAX_BYTES: '1m' });
    const post = `curl -s -w '%{http_code}' -o /dev/null -H Expect: --data-binary @up ${httpUrl('/echo')}`;
    const { body } = await server.shell('u', `head -c 3000000 /dev/zero > up; ${post}`);
    expect(body.output).toBe('503');
    expect((await egressOf(server, 'u')).bytes_sent).toBeLessThan(1.5 * 2 ** 20);
    const again = await server.shell('u', `curl -s ${httpUrl('/hello')}`);
    expect(again.body.output).toContain('has used the 1048576 bytes');
    expect((await server.shell('other', `curl -s ${httpUrl('/hello')}`)).body.output).toMatch(/^hello /);
  });

  it('hold back the bytes of one sandbox over its bandwidth, and no other sandbox', async () => {
    const server = await start({ SANDBOX_EGRESS_BANDWIDTH: '1k' });
    // Before the clock of the slow one runs: on a busy machine they take long to start.
    const others = Array.from({ length: 5 }, (_, index) => `quick-${index}`);
    for (const other of others) await server.shell(other, 'true');
    const [download] = [server.shell('slow', `curl -s -o down ${httpUrl('/big')}`, { timeout: 300 })];
    closers.push(() => download);
    let used = 0;
    while (used === 0) used = (await egressOf(server, 'slow').catch(() => null))?.bytes_received ?? 0;
    for (const other of others) {
      expect((await server.shell(other, `curl -s ${httpUrl('/hello')}`)).body.output).toMatch(/^hello /);
    }
    // One piece of 64 KiB takes a minute of this bandwidth, so the second one has not come.
    expect((await egressOf(server, 'slow')).bytes_received).toBeLessThanOrEqual(2 * 65_536);
    expect((await egressOf(server, 'slow')).connections_open).toBe(1);
    await server.call('POST', '/sandbox/slow/stop');

    const free = await start();
    expect((await free.shell('slow', `curl -s ${httpUrl('/big')} | wc -c`)).body.output).toBe(`${BIG_BYTES}\n`);
  });
});

/** A port on which connections are neither accepted nor refused: somebody listens, and the queue is full. */
async function startDeafHost(): Promise<number> {
  const script = `
import socket, sys
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(0)
print(listener.getsockname()[1], flush=True)
sys.stdin.read()`;
  const host: ChildProcess = spawn('python3', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(host, 'exit');
  closers.push(async () => {
    host.kill();
    await exited;
  });
  if (!host.stdout) throw new Error('The host has no output.');
  const [line] = (await once(createInterface({ input: host.stdout }), 'line')) as [string];
  const port = Number(line);
  const guest: Socket = connect(port, '127.0.0.1');
  await once(guest, 'connect');
  closers.push(() => guest.destroy());
  return port;
}
