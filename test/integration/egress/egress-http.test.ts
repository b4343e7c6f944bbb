import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONNECT, type EgressSetup, startEgressSetup } from '../../support/egress-setup.ts';
import { startRealServer } from '../../support/real-server.ts';
import { until } from '../../support/until.ts';

let setup: EgressSetup;
let origin: EgressSetup['origin'];
let server: EgressSetup['server'];
let lines: EgressSetup['lines'];
let resolver: EgressSetup['resolver'];
let httpUrl: EgressSetup['httpUrl'];
let shell: EgressSetup['shell'];
let python: EgressSetup['python'];

beforeAll(async () => {
  setup = await startEgressSetup();
  ({ origin, server, lines, resolver, httpUrl, shell, python } = setup);
});
afterAll(() => setup?.close());

describe('the counters of egress', () => {
  it('have a line for each connection: whose, where to, how much, and what was decided', async () => {
    lines.length = 0;
    await shell(
      `curl -s -o /dev/null ${httpUrl('/big')}; curl -s -o /dev/null http://10.0.0.1:81/; curl -s http://absent.test/`,
      'gil',
    );
    const order = ['origin.test', '10.0.0.1', 'absent.test'];
    const counted = () =>
      lines
        .map((line) => JSON.parse(line))
        .filter(({ msg, sandbox }) => msg === 'egress' && sandbox.startsWith('gil-'))
        .sort((one, other) => order.indexOf(one.host) - order.indexOf(other.host));
    // A connection is counted when both of its ends are closed, which may be after the next one was refused.
    await expect.poll(counted, { timeout: 30_000 }).toHaveLength(order.length);
    const entries = counted();
    expect(entries).toMatchObject([
      { host: 'origin.test', port: origin.httpPort, address: '127.0.0.1', verdict: 'allowed' },
      { host: '10.0.0.1', port: 81, address: null, verdict: 'denied', sentBytes: 0, receivedBytes: 0 },
      { host: 'absent.test', port: 80, address: null, verdict: 'unreachable' },
    ]);
    expect(entries[0].receivedBytes).toBeGreaterThan(20 * 2 ** 20);
    expect(entries[0].sentBytes).toBeGreaterThan(0);
    const { egress } = (await server.call('GET', '/sandbox/gil/status')).body;
    expect(egress).toEqual({
      connections_allowed: 1,
      connections_refused: 1,
      connections_failed: 1,
      connections_open: 0,
      bytes_sent: entries[0].sentBytes,
      bytes_received: entries[0].receivedBytes,
    });
  });

  it('bound how many connections a sandbox has at the same time, and how many bytes it may have', async () => {
    const limits = { SANDBOX_EGRESS_MAX_CONNECTIONS: '2', SANDBOX_EGRESS_MAX_BYTES: '30m' };
    const allow = { SANDBOX_NETWORK: 'proxy', SANDBOX_EGRESS_ALLOW: `127.0.0.1:${origin.httpPort}` };
    const limited = await startRealServer({ ...allow, ...limits }, { resolver });
    try {
      const held = `${CONNECT}
import socket
held = []
for _ in range(4):
    proxy = socket.create_connection(("127.0.0.1", 3128), 20)
    proxy.sendall(b"CONNECT origin.test:${origin.httpPort} HTTP/1.1\\r\\n\\r\\n")
    held.append(proxy)
    print(proxy.recv(4096).split(b" ")[1].decode())`;
      expect(await python(held, 'hal')).toMatchObject({ output: '200\n'.repeat(4) });
      expect((await limited.execute('hal', held)).body).toMatchObject({ output: '200\n200\n503\n503\n' });
      await until('those that it held are closed', async () => {
        const { egress } = (await limited.call('GET', '/sandbox/hal/status')).body;
        return egress.connections_open === 0;
      });
      const get = `curl -s ${httpUrl('/big')} | wc -c`;
      expect((await limited.shell('hal', get)).body).toMatchObject({ output: '20971520\n' });
      expect(Number((await limited.shell('hal', get)).body.output)).toBeLessThan(11 * 2 ** 20);
      expect((await limited.shell('hal', `curl -s ${httpUrl('/hello')}`)).body.output).toContain(
        'has used the 31457280 bytes',
      );
      await limited.call('POST', '/sandbox/hal/restart');
      expect((await limited.shell('hal', get)).body).toMatchObject({ output: '20971520\n' });
      expect((await limited.shell('ida', get)).body).toMatchObject({ output: '20971520\n' });
    } finally {
      await limited.close();
    }
  });
});

describe('the proxy as a server of HTTP', () => {
  const raw = (request: string) => `
import socket
with socket.create_connection(("127.0.0.1", 3128), 20) as proxy:
    proxy.sendall(${JSON.stringify(request)}.encode())
    answer = b""
    while part := proxy.recv(65536):
        answer += part
print(answer.decode())`;

  it('does not pass on what belongs to the connection, and names the host that the URL names', async () => {
    const fields = [
      'Host: evil.test',
      'Proxy-Authorization: Basic eA==',
      'Connection: keep-alive, X-Private',
      'X-Private: 1',
      'X-Public: 2',
    ];
    const { output } = await python(raw(`GET ${httpUrl('/headers')} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`));
    const [head = '', body = ''] = output.split('\r\n\r\n');
    expect(head).toContain('Connection: close');
    expect(JSON.parse(body)).toEqual({ host: `origin.test:${origin.httpPort}`, 'x-public': '2', connection: 'close' });
  });

  it('sends a pipelined second request nowhere', async () => {
    const before = origin.requests.length;
    const get = `GET ${httpUrl('/hello')} HTTP/1.1\r\nHost: x\r\n\r\n`;
    await python(raw(get + get));
    expect(origin.requests.length).toBe(before + 1);
  });

  it.each([
    ['a path alone', '400', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['https without CONNECT', '501', 'GET https://origin.test/ HTTP/1.1\r\n\r\n'],
    ['a host without a port', '400', 'CONNECT origin.test HTTP/1.1\r\n\r\n'],
    ['a port that is none', '400', 'CONNECT origin.test:99999 HTTP/1.1\r\n\r\n'],
    ['two lengths', '400', 'POST http://origin.test/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    [
      'a length and chunks',
      '400',
      'POST http://origin.test/ HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
    ['a head without measure', '431', `GET http://origin.test/ HTTP/1.1\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`],
    ['something else than HTTP', '400', '\x16\x03\x01\r\n\r\n'],
  ])('answers %s with %s', async (_what, status, request) => {
    expect((await python(raw(request))).output).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });
});
