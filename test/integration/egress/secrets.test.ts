import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Origin, startOrigin } from '../../support/origin.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

const VALUE = 'value-of-the-secret-8J2k';

let origin: Origin;
let server: RealServer;
/** What the server logs. */
const lines: string[] = [];

/** A server to whose egress names of `.test` are this machine; over the folder of an earlier one where that is named. */
async function start(dataDir?: string): Promise<RealServer> {
  const ports = `127.0.0.1:${origin.httpPort},127.0.0.1:${origin.httpsPort}`;
  const folder = dataDir === undefined ? {} : { SANDBOX_DATA_DIR: dataDir };
  return await startRealServer(
    { SANDBOX_NETWORK: 'proxy', SANDBOX_EGRESS_ALLOW: ports, ...folder },
    {
      resolver: async (name) => (name.endsWith('.test') ? ['127.0.0.1'] : []),
      trustedRoots: [origin.certificate],
      logger: pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }),
    },
  );
}

beforeAll(async () => {
  origin = await startOrigin();
  server = await start();
  await server.execute('ada', '1');
  const body = { value: VALUE, hosts: [`origin.test:${origin.httpsPort}`] };
  expect(await server.call('PUT', '/sandbox/ada/secrets/API_KEY', body)).toMatchObject({ status: 204, body: null });
});
afterAll(async () => {
  await server?.close();
  await origin?.close();
});
beforeEach(() => void origin.heads.splice(0));

const url = (path: string) => `https://origin.test:${origin.httpsPort}${path}`;
const shell = async (command: string) => (await server.shell('ada', command)).body;
const python = async (code: string) => (await server.execute('ada', code)).body;

describe('a secret of a sandbox', () => {
  it('is a placeholder in the sandbox, and the value at its host', async () => {
    const answer = await shell(`echo $API_KEY; curl -sS -H "Authorization: Bearer $API_KEY" ${url('/headers')}`);
    expect(answer.error).toBeNull();
    expect(answer.output).toMatch(/^clara-secret-[a-z0-9]{32}\n/);
    expect(origin.heads).toMatchObject([{ authorization: `Bearer ${VALUE}` }]);
    const [placeholder] = answer.output.split('\n');
    expect(JSON.parse(answer.output.split('\n')[1])).toMatchObject({ authorization: `Bearer ${placeholder}` });
  });

  it.each([
    [
      'requests',
      `import os, requests\nprint(requests.get('URL', headers={'X-Api-Key': os.environ['API_KEY']}).status_code)`,
    ],
    ['httpx', `import os, httpx\nprint(httpx.get('URL', headers={'X-Api-Key': os.environ['API_KEY']}).status_code)`],
    [
      'urllib',
      `import os, urllib.request as u\nprint(u.urlopen(u.Request('URL', headers={'X-Api-Key': os.environ['API_KEY']})).status)`,
    ],
  ])('reaches its host by %s', async (_client, code) => {
    expect(await python(code.replace('URL', url('/hello')))).toMatchObject({ error: null, output: '200\n' });
    expect(origin.heads).toMatchObject([{ 'x-api-key': VALUE }]);
  });

  it('reaches its host by Node, and in the password of Basic', async () => {
    const code = `fetch('${url('/hello')}', {headers: {'Api-Key': process.env.API_KEY}}).then(r => console.log(r.status))`;
    expect(await shell(`node -e "${code}"`)).toMatchObject({ error: null, output: '200\n' });
    expect(await shell(`curl -sS -u "ada:$API_KEY" ${url('/hello')}`)).toMatchObject({ error: null });
    const basic = `Basic ${Buffer.from(`ada:${VALUE}`).toString('base64')}`;
    expect(origin.heads).toMatchObject([{ 'api-key': VALUE }, { authorization: basic }]);
  });

  it('leaves git and pip their ways', async () => {
    const clone = `rm -rf repo && git clone -q ${url('/repo.git')} repo && cat repo/greeting`;
    expect(await shell(clone)).toMatchObject({ error: null, output: 'hello from git\n' });
    const install = `pip install -q --index-url ${url('/simple/')} clara-greeting && python3 -c 'import clara_greeting as g; print(g.text)'`;
    expect(await shell(install)).toMatchObject({ error: null, output: 'hello from pip\n' });
  });
});

describe('the value of a secret', () => {
  it('goes to its host alone: not by another name, not over plain HTTP, not where a redirect leads', async () => {
    const key = '-H "X-Api-Key: $API_KEY"';
    const asks = [
      `curl -sS ${key} -H "Host: other.test" -w '%{http_code} ' -o /dev/null ${url('/hello')}`,
      `curl -sS ${key} -w '%{http_code} ' -o /dev/null http://origin.test:${origin.httpPort}/hello`,
      `curl -sSk ${key} -w '%{http_code} ' -o /dev/null https://other.test:${origin.httpsPort}/hello`,
      `curl -sSk ${key} --connect-to ::127.0.0.1:${origin.httpsPort} -w '%{http_code} ' -o /dev/null ${url('/hello')}`,
      `curl -sSL ${key} -w '%{http_code} ' -o /dev/null ${url(`/redirect?http://origin.test:${origin.httpPort}/hello`)}`,
    ];
    expect((await shell(asks.join(';'))).output).toBe('421 200 200 200 200 ');
    const got = origin.heads.map((head) => head['x-api-key'] === VALUE);
    // The redirect itself is an answer of its host.
    expect(got).toEqual([false, false, false, true, false]);
  });

  it('is nowhere in the sandbox, and in no answer of the API', async () => {
    const search = `grep -rslF ${VALUE.slice(0, -1)}[${VALUE.slice(-1)}] /workspace /packages /home /tmp /run /proc/*/environ /etc; env | grep -c clara-secret-; true`;
    expect(await shell(search.replace('grep -rslF', 'grep -rsl'))).toMatchObject({ error: null, output: '1\n' });
    for (const path of ['status', 'secrets', 'processes', 'ports', 'usage']) {
      const answer = await server.call('GET', `/sandbox/ada/${path}`);
      expect(JSON.stringify(answer.body)).not.toContain(VALUE);
    }
    expect(lines.join('')).not.toContain(VALUE);
    expect(lines.join('')).toContain('"host":"origin.test"');
  });

  it('cannot be had by code that writes certificates of its own', async () => {
    const write = 'echo > $SSL_CERT_FILE; rm -f $SSL_CERT_FILE; touch $(dirname $SSL_CERT_FILE)/x';
    const { error, output } = await shell(`${write}; ls $(dirname $SSL_CERT_FILE)`);
    // gVisor has other words.
    expect(error.match(/Read-only file system|Permission denied/g)).toHaveLength(3);
    expect(output).toBe('ca.pem\n');
  });

  it('is not sent where the host cannot prove its name', async () => {
    const body = { value: VALUE, hosts: [`wrong.test:${origin.httpsPort}`] };
    expect((await server.call('PUT', '/sandbox/ada/secrets/OTHER_KEY', body)).status).toBe(204);
    const ask = `curl -sS -w '%{http_connect}' -o /dev/null -H "X-Api-Key: $OTHER_KEY" https://wrong.test:${origin.httpsPort}/hello`;
    expect((await shell(`${ask} 2>/dev/null; true`)).output).toBe('502');
    expect(origin.heads).toEqual([]);
    expect(lines.join('')).toContain('"reason":"wrong.test gets a secret of this sandbox, and there is no TLS with it');
  });

  it('is in no fork, and comes through a restart of the sandbox and of the server', async () => {
    const made = await server.call('POST', '/sandbox/fork/create', { from: { user_id: 'ada' } });
    expect(made.status).toBe(200);
    expect((await server.call('GET', '/sandbox/fork/secrets')).body).toEqual({ secrets: [] });
    const ask = `curl -sS -o /dev/null -H "X-Api-Key: $API_KEY" ${url('/hello')} && echo "$API_KEY"`;
    const before = await shell(ask);
    await server.call('POST', '/sandbox/ada/restart');
    expect(await shell(ask)).toEqual({ ...before, execution_time: expect.any(Number) });
    const started = await python("import os\nopen('began', 'w').write(os.environ['API_KEY'])");
    expect(started.error).toBeNull();
    await server.leave();
    server = await start(server.dataDir);
    expect((await server.call('GET', '/sandbox/ada/status')).body.status).toBe('running');
    expect((await shell(`${ask}; cat began`)).output).toBe(`${before.output}${before.output.trim()}`);
    await server.call('POST', '/sandbox/ada/restart');
    expect((await shell(ask)).output).toBe(before.output);
    expect(origin.heads).toHaveLength(4);
    for (const head of origin.heads) expect(head).toMatchObject({ 'x-api-key': VALUE });
  });

  it('is another one at once, and gone at once', async () => {
    const ask = `curl -sS -o /dev/null -H "X-Api-Key: $API_KEY" ${url('/hello')}`;
    const body = { value: 'another', hosts: [`*.test:${origin.httpsPort}`] };
    await server.call('PUT', '/sandbox/ada/secrets/API_KEY', body);
    await shell(ask);
    expect(await server.call('DELETE', '/sandbox/ada/secrets/API_KEY')).toMatchObject({ status: 204 });
    await server.call('DELETE', '/sandbox/ada/secrets/OTHER_KEY');
    expect(await shell('echo "[$API_KEY] [$SSL_CERT_FILE]"')).toMatchObject({ output: '[] []\n' });
    expect(origin.heads).toMatchObject([{ 'x-api-key': 'another' }]);
  });
});
