import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, isIPv6, type Server as TcpServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runBare } from '../../support/bare-container.ts';
import { type Neighbour, startNeighbour } from '../../support/neighbour.ts';
import { type Origin, startOrigin } from '../../support/origin.ts';
import { withOwnAddress } from '../../support/own-address.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

/** Where some clouds have a metadata service. */
const METADATA_ADDRESS = '169.254.170.2';

/** An address that nothing on this machine has before, and none of the Internet is asked for. */
const PUBLIC_ADDRESS = '25.25.25.1';

/** Of this machine's loopback, apart from what may listen on its first address. */
const MAIL_ADDRESS = '127.0.25.25';

let origin: Origin;
/** What the server logs. */
const lines: string[] = [];
let server: RealServer;
let neighbour: Neighbour;

/** What name servers say in these tests; a function is asked each time. */
const NAMES: Record<string, readonly string[] | (() => readonly string[])> = {
  'origin.test': ['127.0.0.1'],
};

const resolver = async (name: string): Promise<readonly string[]> => {
  const addresses = NAMES[name] ?? [];
  return typeof addresses === 'function' ? addresses() : addresses;
};

beforeAll(async () => {
  origin = await startOrigin();
  server = await startRealServer(
    {
      SANDBOX_NETWORK: 'proxy',
      SANDBOX_EGRESS_ALLOW: `*,127.0.0.1:${origin.httpPort},127.0.0.1:${origin.httpsPort}`,
    },
    { resolver, logger: pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }) },
  );
  const path = '/workspace/origin.pem';
  await server.call('POST', '/sandbox/ada/file', { path, content: origin.certificate });
});
afterAll(async () => {
  await server?.close();
  await origin?.close();
});

const httpUrl = (path: string) => `http://origin.test:${origin.httpPort}${path}`;
const httpsUrl = (path: string) => `https://origin.test:${origin.httpsPort}${path}`;
const shell = async (command: string, user = 'ada') => (await server.shell(user, command)).body;
const python = async (code: string, user = 'ada') => (await server.execute(user, code)).body;

describe('the way out by proxy, without settings by the user', () => {
  it('serves curl over http and https', async () => {
    expect(await shell(`curl -sS ${httpUrl('/hello')}`)).toMatchObject({
      output: `hello origin.test:${origin.httpPort}`,
    });
    expect(await shell(`curl -sS --cacert origin.pem ${httpsUrl('/hello')}`)).toMatchObject({
      output: `hello origin.test:${origin.httpsPort}`,
    });
  });

  it('carries a body up and 20 MiB down byte for byte', async () => {
    const up = `head -c 3000000 /dev/urandom > up && curl -sS --data-binary @up -o down ${httpUrl('/echo')} && cmp up down && echo same`;
    expect(await shell(up)).toMatchObject({ error: null, output: 'same\n' });
    const chunked = `curl -sS -H "Transfer-Encoding: chunked" --data-binary @up -o down ${httpUrl('/echo')} && cmp up down && echo same`;
    expect(await shell(chunked)).toMatchObject({ output: 'same\n' });
    const down = `curl -sS --cacert origin.pem ${httpsUrl('/big')} | tr -d x | wc -c; curl -sS ${httpUrl('/big')} | wc -c`;
    expect(await shell(down)).toMatchObject({ output: '0\n20971520\n' });
  });

  it('serves urllib', async () => {
    const code = `
import ssl, urllib.request
print(urllib.request.urlopen("${httpUrl('/hello')}").read())
print(urllib.request.urlopen("${httpsUrl('/hello')}", context=ssl.create_default_context(cafile="origin.pem")).read())`;
    const greeting = `b'hello origin.test:${origin.httpPort}'\nb'hello origin.test:${origin.httpsPort}'\n`;
    expect(await python(code)).toMatchObject({ output: greeting });
  });

  it('serves requests, also twice over one session', async () => {
    const code = `
import requests
with requests.Session() as session:
    for _ in range(2):
        print(session.get("${httpUrl('/hello')}").text, session.get("${httpsUrl('/hello')}", verify="origin.pem").status_code)`;
    expect(await python(code)).toMatchObject({ output: `hello origin.test:${origin.httpPort} 200\n`.repeat(2) });
  });

  it('serves httpx', async () => {
    const code = `
import httpx
print(httpx.get("${httpUrl('/hello')}").text)
print(httpx.get("${httpsUrl('/hello')}", verify="origin.pem").text)`;
    const greeting = `hello origin.test:${origin.httpPort}\nhello origin.test:${origin.httpsPort}\n`;
    expect(await python(code)).toMatchObject({ output: greeting });
  });

  it('serves pip', async () => {
    const index = `--index-url ${httpsUrl('/simple/')} --cert origin.pem`;
    expect(await shell(`pip install --quiet ${index} clara-greeting`)).toMatchObject({ success: true });
    expect(await python('import clara_greeting; print(clara_greeting.text)')).toMatchObject({
      output: 'hello from pip\n',
    });
  });

  it('serves git over https', async () => {
    const clone = `git -c http.sslCAInfo=$PWD/origin.pem clone --quiet ${httpsUrl('/repo.git')} repo && cat repo/greeting`;
    expect(await shell(clone)).toMatchObject({ output: 'hello from git\n' });
  });
});

/** What the proxy answers to a CONNECT, byte for byte as the program writes it. */
const CONNECT = `
import socket
def connect(target):
    with socket.create_connection(("127.0.0.1", 3128), 20) as proxy:
        proxy.sendall(b"CONNECT " + target.encode() + b" HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
        return proxy.recv(4096).split(b"\\r\\n")[0].decode()
`;
const statusOf = async (user: string, targets: readonly string[], from: RealServer = server): Promise<string[]> => {
  const code = `${CONNECT}\nfor target in ${JSON.stringify(targets)}: print(connect(target).split(" ")[1])`;
  const { body } = await from.execute(user, code);
  expect(body.error).toBeNull();
  return body.output.trim().split('\n');
};

describe('what a sandbox does not reach', () => {
  /** Something of this machine that listens on all its addresses. */
  let service: HttpServer;
  let port: number;
  /** The same server where the operator has opened everything. */
  let open: RealServer;

  beforeAll(async () => {
    neighbour = await startNeighbour();
    service = createServer((_request, response) => response.end('secret of this machine'));
    service.listen(0, '::');
    await once(service, 'listening');
    port = (service.address() as AddressInfo).port;
    open = await startRealServer({ SANDBOX_NETWORK: 'proxy', SANDBOX_EGRESS_ALLOW: '*,0.0.0.0/0,::/0' }, { resolver });
  });
  afterAll(async () => {
    await open?.close();
    await neighbour?.stop();
    service.closeAllConnections();
    await new Promise((resolve) => service.close(resolve));
  });

  it('is this machine: neither its loopback nor any of its addresses, which all are there where everything is opened', async () => {
    const targets = ownAddresses().map((address) => (isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`));
    expect(targets).toContain(`127.0.0.1:${port}`);
    expect(targets).toContain(`${neighbour.gateway}:${port}`);
    expect(await statusOf('eve', targets, open)).toEqual(targets.map(() => '200'));
    expect(await statusOf('eve', targets)).toEqual(targets.map(() => '403'));
  });

  it('is this server, even where everything is opened', async () => {
    const own = ownAddresses().filter((address) => !isIPv6(address));
    const targets = (url: string) => own.map((address) => `${address}:${new URL(url).port}`);
    expect(await statusOf('eve', targets(open.url), open)).toEqual(own.map(() => '403'));
    expect(await statusOf('eve', targets(server.url))).toEqual(own.map(() => '403'));
    // Another server of this machine shows that it is the port alone that is closed there.
    expect((await statusOf('eve', [`127.0.0.1:${new URL(server.url).port}`], open))[0]).toBe('200');
  });

  it('is the loopback under another spelling, as a number, or behind IPv6', async () => {
    NAMES.localhost = ['127.0.0.1'];
    const spellings = [
      'localhost',
      'LOCALHOST.',
      '0',
      '0.0.0.0',
      '127.1',
      '0x7f.1',
      '0x7f000001',
      '2130706433',
      '0177.0.0.1',
    ];
    const literals = [
      '[::1]',
      '[::]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[::127.0.0.1]',
      '[64:ff9b::7f00:1]',
      '[::1%lo]',
    ];
    const answers = await statusOf(
      'eve',
      [...spellings, ...literals].map((text) => `${text}:${port}`),
    );
    expect(answers.every((status) => ['400', '403'].includes(status))).toBe(true);
    // The attack works where nothing stops it.
    expect(await statusOf('eve', [`localhost:${port}`, `[::ffff:127.0.0.1]:${port}`], open)).toEqual(['200', '200']);
  });

  it('is a container beside it, which is there where everything is opened', async () => {
    const targets = [`${neighbour.address}:8000`];
    expect(await statusOf('eve', targets, open)).toEqual(['200']);
    expect(await statusOf('eve', targets)).toEqual(['403']);
  });

  it('is a metadata service, by address or by name', async () => {
    NAMES['metadata.test'] = ['169.254.169.254'];
    NAMES['metadata6.test'] = ['fd00:ec2::254'];
    const targets = [
      '169.254.169.254:80',
      '[fd00:ec2::254]:80',
      'metadata.test:80',
      'metadata6.test:80',
      '100.100.100.200:80',
    ];
    expect(await statusOf('eve', targets)).toEqual(targets.map(() => '403'));
    await withOwnAddress(METADATA_ADDRESS, async () => {
      expect(await statusOf('eve', [`${METADATA_ADDRESS}:${port}`], open)).toEqual(['200']);
      expect(await statusOf('eve', [`${METADATA_ADDRESS}:${port}`])).toEqual(['403']);
    });
  });

  it('is an address of this machine that looks like any public one, also where IPv6 stands for it', async () => {
    await withOwnAddress(PUBLIC_ADDRESS, async () => {
      const fresh = await startRealServer({ SANDBOX_NETWORK: 'proxy' }, { resolver });
      NAMES['ipv4only.arpa'] = ['192.0.0.170', '2a00:1:2:3:4:5:c000:aa'];
      const embedded = [
        '64:ff9b::1919:1901',
        '2a00:1:2:3:4:5:1919:1901',
        '::ffff:25.25.25.1',
        '2a00:9::5efe:1919:1901',
      ];
      const targets = [PUBLIC_ADDRESS, ...embedded.map((text) => `[${text}]`)].map((host) => `${host}:${port}`);
      expect(await statusOf('eve', targets.slice(0, 1), open)).toEqual(['200']);
      expect(await statusOf('eve', targets, fresh)).toEqual(targets.map(() => '403'));
      await fresh.close();
    });
  });

  it('is a mail server, unless its port is allowed by name', async () => {
    const mail: TcpServer = createTcpServer((socket) => void socket.end('220 mail.test'));
    mail.listen(25, MAIL_ADDRESS);
    await once(mail, 'listening');
    NAMES['mail.test'] = [MAIL_ADDRESS];
    const allow = `${MAIL_ADDRESS},mail.test`;
    const closed = await startRealServer({ SANDBOX_NETWORK: 'proxy', SANDBOX_EGRESS_ALLOW: allow }, { resolver });
    const named = await startRealServer(
      { SANDBOX_NETWORK: 'proxy', SANDBOX_EGRESS_ALLOW: `${allow},${MAIL_ADDRESS}:25` },
      { resolver },
    );
    const targets = [`${MAIL_ADDRESS}:25`, 'mail.test:25'];
    expect(await statusOf('eve', [...targets, '8.8.8.8:25'], closed)).toEqual(['403', '403', '403']);
    expect(await statusOf('eve', [...targets, '8.8.8.8:25'], named)).toEqual(['200', '200', '403']);
    const said = await closed.shell('eve', 'curl -s http://mail.test:25/');
    expect(said.body.output).toBe(
      'This sandbox may not connect to mail.test on port 25. Port 25, of mail servers, is closed unless SANDBOX_EGRESS_ALLOW names it, as in mail.example.org:25.\n',
    );
    await Promise.all([closed.close(), named.close()]);
    await new Promise((resolve) => mail.close(resolve));
  });

  it('is the engine, which is there for a container that was given its socket', async () => {
    const ask = `import socket
engine = socket.socket(socket.AF_UNIX)
try:
    engine.connect('/var/run/docker.sock')
    engine.sendall(b'GET /_ping HTTP/1.0\\r\\n\\r\\n')
    print(engine.recv(100).split(b'\\r')[0].decode())
except OSError as error: print(error.strerror)`;
    const given = { Binds: ['/var/run/docker.sock:/var/run/docker.sock'] };
    expect(await runBare(ask, given)).toBe('HTTP/1.0 200 OK\n');
    expect(await python(ask, 'eve')).toMatchObject({ output: 'No such file or directory\n' });
  });

  it('is whatever a name leads to the second time', async () => {
    const answers = [['127.0.0.1'], ['127.0.0.2']];
    let asked = 0;
    NAMES['rebind.test'] = () => answers[asked++ % 2] ?? [];
    const url = `http://rebind.test:${origin.httpPort}/hello`;
    const get = `curl -s -o /dev/null -w '%{http_code} ' ${url}; curl -s -o /dev/null -w '%{http_code}' ${url}`;
    expect(await shell(get, 'eve')).toMatchObject({ output: '200 403' });
    // One lookup for each connection: what is checked is what is dialled.
    expect(asked).toBe(2);
    // The second address answers where it is permitted.
    NAMES['second.test'] = ['127.0.0.2'];
    expect(await statusOf('eve', [`second.test:${port}`], open)).toEqual(['200']);
  });

  it('is the forbidden one of several addresses', async () => {
    const before = origin.requests.length;
    NAMES['mixed.test'] = ['127.0.0.2', '127.0.0.1', '::1', '10.0.0.1'];
    const { output } = await shell(`curl -s http://mixed.test:${origin.httpPort}/hello`, 'eve');
    expect(output).toBe(`hello mixed.test:${origin.httpPort}`);
    expect(origin.requests.length).toBe(before + 1);
  });

  it('is anything at all past the proxy', async () => {
    for (const target of [`${neighbour.gateway}:${port}`, `${neighbour.address}:8000`, '169.254.169.254']) {
      const { error } = await shell(`curl -sS --noproxy '*' -m 5 http://${target}/`, 'eve');
      expect(error).toMatch(/Couldn't connect|Failed to connect|Network is unreachable/);
    }
    const cards = `tail -n +3 /proc/net/dev | cut -d : -f 1 | tr -d ' '`;
    expect(await shell(cards, 'eve')).toMatchObject({ output: 'lo\n' });
  });

  it('says to the program what it may not, and why', async () => {
    const plain = await shell(`curl -s http://127.0.0.1:${port}/ -x http://127.0.0.1:3128 --noproxy none.test`, 'eve');
    expect(plain.output).toBe(`This sandbox may not connect to 127.0.0.1 on port ${port}.\n`);
    const code = `import requests\nrequests.get("https://10.0.0.1:${port}/")`;
    expect((await python(code, 'eve')).error).toContain(
      `403 This sandbox may not connect to 10.0.0.1 on port ${port}.`,
    );
  });
});

describe('the network of one sandbox', () => {
  const create = async (user: string, body: unknown) => await server.call('POST', `/sandbox/${user}/create`, body);

  it('is narrowed at create, and stays so', async () => {
    expect((await create('cai', { egress_allow: ['other.test'] })).status).toBe(200);
    const target = `origin.test:${origin.httpPort}`;
    expect(await statusOf('cai', [target])).toEqual(['403']);
    await server.call('POST', '/sandbox/cai/restart');
    expect(await statusOf('cai', [target])).toEqual(['403']);
    expect((await create('cai', { egress_allow: ['origin.test'] })).body).not.toHaveProperty('error');
    expect(await statusOf('cai', [target])).toEqual(['200']);
    // What the server refuses, no sandbox can ask for.
    expect((await create('cai', { egress_allow: ['*', '127.0.0.0/8'] })).status).toBe(200);
    expect(await statusOf('cai', [target, '127.0.0.2:80'])).toEqual(['200', '403']);
  });

  it('is none where that was asked for', async () => {
    expect((await create('dag', { network: 'none' })).status).toBe(200);
    const { output } = await shell(
      `env | grep -ci _proxy=; curl -s -m 5 -x http://127.0.0.1:3128 ${httpUrl('/hello')}; echo $?`,
      'dag',
    );
    expect(output).toBe('0\n7\n');
    expect((await server.call('GET', '/sandbox/dag/status')).body.egress).toBeNull();
  });

  it('is none at all then: what a container on the machine’s network reaches is out of reach', async () => {
    await create('dag', { network: 'none' });
    const outside = await startNeighbour();
    const target = `http://${outside.address}:8000/`;
    const fetch = `import urllib.request as r\ntry: print(r.urlopen('${target}', timeout=5).status)\nexcept OSError: print('none')`;
    try {
      expect(await runBare(fetch, { NetworkMode: 'host' })).toBe('200\n');
      expect(await python(fetch, 'dag')).toMatchObject({ output: 'none\n' });
    } finally {
      await outside.stop();
    }
  });

  it.each([{ network: 'bridge' }, { network: 'host' }, { egress_allow: ['a b'] }, { egress_allow: '*' }])(
    'is refused as %j',
    async (body) => {
      expect((await create('fin', body)).status).toBe(422);
    },
  );
});

describe('the counters of egress', () => {
  it('have a line for each connection: whose, where to, how much, and what was decided', async () => {
    lines.length = 0;
    await shell(
      `curl -s -o /dev/null ${httpUrl('/big')}; curl -s -o /dev/null http://10.0.0.1:81/; curl -s http://absent.test/`,
      'gil',
    );
    const order = ['origin.test', '10.0.0.1', 'absent.test'];
    const books = () =>
      lines
        .map((line) => JSON.parse(line))
        .filter(({ msg, sandbox }) => msg === 'egress' && sandbox.startsWith('gil-'))
        .sort((one, other) => order.indexOf(one.host) - order.indexOf(other.host));
    // A connection is booked when both of its ends are closed, which may be after the next one was refused.
    await expect.poll(books, { timeout: 10_000 }).toHaveLength(order.length);
    const entries = books();
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

describe('a sandbox from the pool', () => {
  it('has its way out, and its connections are written down as its own', async () => {
    const logged: string[] = [];
    const logger = pino({ level: 'info' }, { write: (line: string) => void logged.push(line) });
    const allow = {
      SANDBOX_NETWORK: 'proxy',
      SANDBOX_EGRESS_ALLOW: `127.0.0.1:${origin.httpPort}`,
      SANDBOX_POOL_SIZE: '1',
    };
    const pooled = await startRealServer(allow, { resolver, logger });
    try {
      const { body } = await pooled.shell('jon', `curl -s ${httpUrl('/hello')}`);
      expect(body.output).toBe(`hello origin.test:${origin.httpPort}`);
      const [entry] = logged.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'egress');
      expect(entry.sandbox).toMatch(/^jon-/);
      const { egress } = (await pooled.call('GET', '/sandbox/jon/status')).body;
      expect(egress).toMatchObject({ connections_allowed: 1, connections_refused: 0 });
    } finally {
      await pooled.close();
    }
  });
});

describe('a change of the configuration', () => {
  it('reaches a sandbox that has run on meanwhile: with less it keeps nothing of what it had', async () => {
    const allow = { SANDBOX_NETWORK: 'proxy', SANDBOX_EGRESS_ALLOW: `127.0.0.1:${origin.httpPort}` };
    const get = `curl -s -m 5 -x http://127.0.0.1:3128 ${httpUrl('/hello')}`;
    const before = await startRealServer(allow, { resolver });
    expect((await before.shell('kim', get)).body).toMatchObject({ success: true });
    await before.leave();
    const after = await startRealServer({ SANDBOX_NETWORK: 'none', SANDBOX_DATA_DIR: before.dataDir }, { resolver });
    try {
      expect((await after.shell('kim', get)).body).toMatchObject({ success: false, exit_code: 7 });
    } finally {
      await after.close();
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

/** All addresses of this machine that need no zone, with that on the neighbour's bridge. */
function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const addresses = all.map(({ address }) => address).filter((address) => !address.startsWith('fe80:'));
  return [...new Set([...addresses, neighbour.gateway])];
}
