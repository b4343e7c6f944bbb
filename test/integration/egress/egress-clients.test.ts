import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Origin, startOrigin } from '../../support/origin.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

let origin: Origin;
let server: RealServer;

beforeAll(async () => {
  origin = await startOrigin();
  const ports = [origin.httpPort, origin.httpsPort].map((port) => `127.0.0.1:${port}`);
  const resolver = async () => ['127.0.0.1'];
  server = await startRealServer({ SANDBOX_NETWORK: 'proxy', SANDBOX_EGRESS_ALLOW: ports.join(',') }, { resolver });
  const path = '/workspace/origin.pem';
  await server.call('POST', '/sandbox/ada/file', { path, content: origin.certificate });
});
afterAll(async () => {
  await server?.close();
  await origin?.close();
});

const httpUrl = (path: string) => `http://origin.test:${origin.httpPort}${path}`;
const httpsUrl = (path: string) => `https://origin.test:${origin.httpsPort}${path}`;
const shell = async (command: string) => (await server.shell('ada', command)).body;
const python = async (code: string) => (await server.execute('ada', code)).body;

async function node(code: string, extension = 'mjs') {
  await server.call('POST', '/sandbox/ada/file', { path: `/workspace/program.${extension}`, content: code });
  return await shell(`NODE_EXTRA_CA_CERTS=origin.pem node program.${extension}`);
}

describe('npm, without settings by the user', () => {
  it.each([
    ['http', () => httpUrl('/npm/')],
    ['https', () => httpsUrl('/npm/')],
  ])('installs over %s, here and for the user', async (scheme, registry) => {
    const install = `npm install --no-audit --no-fund --loglevel=error --registry=${registry()} --cafile=/workspace/origin.pem clara-greeting`;
    const here = await shell(`mkdir -p ${scheme} && cd ${scheme} && ${install} && node -p "require('clara-greeting')"`);
    expect(here).toMatchObject({ error: null, output: expect.stringMatching(/hello from npm\n$/) });
    expect(await shell(`${install} --global && ls /packages/lib/node_modules`)).toMatchObject({
      error: null,
      output: expect.stringMatching(/clara-greeting\n$/),
    });
  });
});

describe('Node, without settings by the user', () => {
  const greetings = () => `hello origin.test:${origin.httpPort}\nhello origin.test:${origin.httpsPort}\n`;

  it('fetches over http and https, twice and at the same time', async () => {
    const code = `
const text = async (url) => (await fetch(url)).text();
for (const url of ['${httpUrl('/hello')}', '${httpsUrl('/hello')}']) {
  const [one, other] = await Promise.all([text(url), text(url)]);
  console.log(one === other && one === (await text(url)) ? one : 'different');
}`;
    expect(await node(code)).toMatchObject({ error: null, output: greetings() });
  });

  it('sends a body up and takes 20 MiB down', async () => {
    const code = `
const echo = await fetch('${httpsUrl('/echo')}', { method: 'POST', body: 'x'.repeat(3_000_000) });
console.log((await echo.text()).length, (await (await fetch('${httpUrl('/big')}')).arrayBuffer()).byteLength);`;
    expect(await node(code)).toMatchObject({ error: null, output: '3000000 20971520\n' });
  });

  it('asks by http and https, as most libraries do', async () => {
    const code = `
const ask = (module, url) => new Promise((resolve, reject) => {
  require(module).get(url, (response) => response.setEncoding('utf8').on('data', (text) => console.log(text)).on('end', resolve)).on('error', reject);
});
ask('http', '${httpUrl('/hello')}').then(() => ask('https', '${httpsUrl('/hello')}'));`;
    expect(await node(code, 'cjs')).toMatchObject({ error: null, output: greetings() });
  });

  it('reaches what listens in the sandbox itself', async () => {
    const code = `
import http from 'node:http';
const server = http.createServer((request, response) => response.end('mine')).listen(0, async () => {
  const url = 'http://127.0.0.1:' + server.address().port;
  console.log(await (await fetch(url)).text());
  http.get(url.replace('127.0.0.1', 'localhost'), (response) => response.on('data', (text) => console.log(String(text))).on('end', () => process.exit()));
});`;
    expect(await node(code)).toMatchObject({ error: null, output: 'mine\nmine\n' });
  });

  it('says what is denied', async () => {
    const code = `
const told = (error) => console.log(error.cause?.message ?? error.message);
await fetch('https://10.0.0.1/').catch(told);
await fetch('http://origin.test:81/').catch(told);
(await import('node:https')).get('https://10.0.0.1/').on('error', told);`;
    const { output } = await node(code);
    const sentence = 'The proxy answered 403 This sandbox may not connect to 10.0.0.1 on port 443.\n';
    expect(output).toBe(`${sentence}${sentence.replace('10.0.0.1 on port 443', 'origin.test on port 81')}${sentence}`);
  });

  it('keeps what a program sets for itself, and starts as it would without a proxy', async () => {
    const code = `
globalThis[Symbol.for('undici.globalDispatcher.1')] = { dispatch(options, handler) { handler.onError(new Error('mine')); } };
await fetch('${httpUrl('/hello')}').catch((error) => console.log(error.cause.message));
console.log(process.argv.length, Object.keys(globalThis).includes('undici'));`;
    expect(await node(code)).toMatchObject({ error: null, output: 'mine\n2 false\n' });
    const names = `node -p "fetch.name + process.argv.length"`;
    expect((await shell(names)).output).toBe((await shell(`NODE_OPTIONS= ${names}`)).output);
  });
});

describe('aiohttp, without settings by the user', () => {
  const program = () => `
import aiohttp, asyncio, ssl
async def main():
    context = ssl.create_default_context(cafile="origin.pem")
    async with aiohttp.ClientSession() as session:
        for url in "${httpUrl('/hello')}", "${httpsUrl('/hello')}":
            async with session.get(url, ssl=context if url.startswith("https") else None) as response:
                print(await response.text())
asyncio.run(main())`;
  const greetings = () => `hello origin.test:${origin.httpPort}\nhello origin.test:${origin.httpsPort}\n`;

  it('is served in an execution, twice, and in a program of its own', async () => {
    for (let time = 0; time < 2; time += 1) {
      expect(await python(program())).toMatchObject({ error: null, output: greetings() });
    }
    await server.call('POST', '/sandbox/ada/file', { path: '/workspace/program.py', content: program() });
    expect(await shell('python3 program.py')).toMatchObject({ error: null, output: greetings() });
  });

  it('does what a program says about it', async () => {
    const code = program().replace('ClientSession()', 'ClientSession(trust_env=False)');
    expect((await python(code)).error).toMatch(/Cannot connect to host origin\.test|Name or service not known/);
  });
});

describe('an interpreter', () => {
  it('looks the same with the proxy as without, until aiohttp is imported', async () => {
    const probe = `import sys; print([name for name in sorted(sys.modules) if "clara" in name or "aiohttp" in name])`;
    expect(await python(probe)).toMatchObject({ output: '[]\n' });
    expect(await shell(`python3 -c '${probe}'`)).toMatchObject({ output: '[]\n' });
  });
});
