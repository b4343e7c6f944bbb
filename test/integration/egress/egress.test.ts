import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runBare } from '../../support/bare-container.ts';
import { type EgressSetup, startEgressSetup, statusesOf } from '../../support/egress-setup.ts';
import { startNeighbour } from '../../support/neighbour.ts';
import { startRealServer } from '../../support/real-server.ts';

let setup: EgressSetup;
let origin: EgressSetup['origin'];
let server: EgressSetup['server'];
let resolver: EgressSetup['resolver'];
let httpUrl: EgressSetup['httpUrl'];
let httpsUrl: EgressSetup['httpsUrl'];
let shell: EgressSetup['shell'];
let python: EgressSetup['python'];

beforeAll(async () => {
  setup = await startEgressSetup();
  ({ origin, server, resolver, httpUrl, httpsUrl, shell, python } = setup);
});
afterAll(() => setup?.close());

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

describe('the network of one sandbox', () => {
  const create = async (user: string, body: unknown) => await server.call('POST', `/sandbox/${user}/create`, body);

  it('is narrowed at create, and stays so', async () => {
    expect((await create('cai', { egress_allow: ['other.test'] })).status).toBe(200);
    const target = `origin.test:${origin.httpPort}`;
    expect(await statusesOf(server, 'cai', [target])).toEqual(['403']);
    await server.call('POST', '/sandbox/cai/restart');
    expect(await statusesOf(server, 'cai', [target])).toEqual(['403']);
    expect((await create('cai', { egress_allow: ['origin.test'] })).body).not.toHaveProperty('error');
    expect(await statusesOf(server, 'cai', [target])).toEqual(['200']);
    // What the server refuses, no sandbox can ask for.
    expect((await create('cai', { egress_allow: ['*', '127.0.0.0/8'] })).status).toBe(200);
    expect(await statusesOf(server, 'cai', [target, '127.0.0.2:80'])).toEqual(['200', '403']);
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
