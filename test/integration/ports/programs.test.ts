import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBrowser, type TestBrowser } from '../../support/browser.ts';
import { connectTo, executeRequest, heard } from '../../support/program-sockets.ts';
import { JUPYTER_TOKEN, PORT, startPrograms } from '../../support/programs.ts';
import { ensureProgramsImage, VITE } from '../../support/programs-image.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

let server: RealServer;
let browser: TestBrowser;

beforeAll(async () => {
  server = await startRealServer({ SANDBOX_DOCKER_IMAGE: await ensureProgramsImage(), SANDBOX_DOCKER_MEMORY: '1g' });
  await startPrograms(server, 'u', VITE);
  browser = await startBrowser();
}, 600_000);

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** Both forms of a port's address, without a slash at the end. */
async function formsOf(port: number): Promise<readonly [string, string]> {
  const { body } = await server.call('GET', `/sandbox/u/ports/${port}`);
  return [body.url.replace(/\/$/, ''), body.preview_url.replace(/\/$/, '')];
}

/** A new page at a port, in the host form, as somebody sees it who was sent a link. */
async function open(port: number, path = '/'): Promise<Page> {
  const page = await browser.context.newPage();
  const { body } = await server.call('POST', `/sandbox/u/ports/${port}`);
  await page.goto(body.preview_url.replace('/?', `${path}?`));
  return page;
}

/** What curl prints of an address; its host is this machine. */
async function curl(url: string, ...options: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  const resolve = ['--resolve', `${hostname}:${port}:127.0.0.1`];
  const key = ['-H', `X-API-Key: ${server.apiKey}`];
  const { stdout } = await promisify(execFile)('curl', ['-sS', '--fail', ...resolve, ...key, ...options, url]);
  return stdout;
}

const connect = (url: string, protocols: string[] = []) => connectTo(server, url, protocols);

describe('a Flask app', () => {
  it('works in a browser, with its forms, redirects and cookies', async () => {
    const page = await open(PORT.flask);
    expect(await page.textContent('p')).toBe('nobody');
    await page.fill('input', 'Ada');
    await page.click('button');
    await page.waitForFunction("document.querySelector('p').textContent === 'Ada'");
    expect(new URL(page.url()).pathname).toBe('/');
    await page.close();
  });

  it('works for curl through both forms', async () => {
    for (const form of await formsOf(PORT.flask)) {
      expect(await curl(`${form}/lines`)).toBe('line 0\nline 1\nline 2\n');
      expect(await curl(`${form}/name`, '-o', '/dev/null', '-w', '%{http_code}', '-d', 'name=Ada')).toBe('302');
    }
  });
});

describe('vite dev', () => {
  const change = (to: string) =>
    server.call('POST', '/sandbox/u/file', { path: 'site/greeting.js', content: `export const greeting = '${to}';\n` });

  it('shows a change in the page without loading it anew', async () => {
    const page = await open(PORT.vite);
    await page.waitForFunction("document.querySelector('h1').textContent === 'before'");
    await page.evaluate('window.isTheSame = true');
    await change('after');
    await page.waitForFunction("document.querySelector('h1').textContent === 'after'");
    expect(await page.evaluate('window.isTheSame')).toBe(true);
    await page.close();
  });

  it('serves curl and tells WebSocket clients of changes through both forms', async () => {
    for (const [at, form] of (await formsOf(PORT.vite)).entries()) {
      expect(await curl(`${form}/main.js`)).toContain('import.meta.hot');
      const client = await curl(`${form}/@vite/client`);
      const token = /const wsToken = "([^"]+)"/.exec(client)?.[1];
      const socket = await connect(`${form}/?token=${token}`, ['vite-hmr']);
      const update = heard(socket, (text) => text.includes('"update"'));
      // Only what a client has asked for is watched.
      await curl(`${form}/greeting.js`);
      await change(`change ${at}`);
      expect(await update).toContain('/greeting.js');
      socket.close();
    }
  });
});

describe('a Jupyter server', () => {
  const authorization = `token ${JUPYTER_TOKEN}`;
  const typed = JSON.stringify(['stdin', 'echo $((6 * 7))\r']);

  it('shows files and a terminal to a page in the browser', async () => {
    const page = await open(PORT.jupyter);
    expect(await page.title()).toBe('Jupyter Server');
    const shown = await page.evaluate(`(async () => {
      const headers = { authorization: '${authorization}' };
      const { content } = await (await fetch('/api/contents', { headers })).json();
      const { name } = await (await fetch('/api/terminals', { method: 'POST', headers })).json();
      const socket = new WebSocket('ws://' + location.host + '/terminals/websocket/' + name + '?token=${JUPYTER_TOKEN}');
      socket.onopen = () => socket.send(${JSON.stringify(typed)});
      const output = await new Promise((resolve, reject) => {
        socket.onerror = reject;
        socket.onmessage = ({ data }) => { if (data.includes('42')) resolve(data); };
      });
      return [content.map((entry) => entry.name).includes('app.py'), output];
    })()`);
    expect(shown).toEqual([true, expect.stringContaining('42')]);
    await page.close();
  });

  it('serves curl, and a terminal to WebSocket clients, through both forms', async () => {
    for (const form of await formsOf(PORT.jupyter)) {
      const terminal = await curl(`${form}/api/terminals`, '-X', 'POST', '-H', `Authorization: ${authorization}`);
      const { name } = JSON.parse(terminal);
      const socket = await connect(`${form}/terminals/websocket/${name}?token=${JUPYTER_TOKEN}`);
      const output = heard(socket, (text) => text.includes('42'));
      socket.send(typed);
      expect(await output).toContain('stdout');
      socket.close();
    }
  });

  it('has kernels that keep variables, for clients through both forms', async () => {
    for (const form of await formsOf(PORT.jupyter)) {
      const kernel = await curl(`${form}/api/kernels`, '-X', 'POST', '-H', `Authorization: ${authorization}`);
      const { id } = JSON.parse(kernel);
      const socket = await connect(`${form}/api/kernels/${id}/channels?token=${JUPYTER_TOKEN}`);
      const output = heard(socket, (text) => /"text": ?"42/.test(text));
      for (const code of ['x = 6', 'print(x * 7)']) socket.send(executeRequest(code));
      expect(JSON.parse(await output)).toMatchObject({ msg_type: 'stream', content: { name: 'stdout', text: '42\n' } });
      socket.close();
    }
  });
});

describe('an echo server', () => {
  it('answers a page in the browser', async () => {
    const page = await open(PORT.echo);
    const said = await page.evaluate(`new Promise((resolve, reject) => {
      const socket = new WebSocket('ws://' + location.host + '/ws', 'echo');
      socket.onopen = () => socket.send('from a page');
      socket.onmessage = ({ data }) => resolve(data + ' ' + socket.protocol);
      socket.onerror = reject;
    })`);
    expect(said).toBe('from a page echo');
    await page.close();
  });

  it('gives back what programs send through both forms', async () => {
    for (const form of await formsOf(PORT.echo)) {
      expect(await curl(`${form}/any`, '--data-binary', 'hello')).toBe('hello');
      const socket = await connect(`${form}/ws`, ['echo']);
      expect(socket.protocol).toBe('echo');
      const echo = heard(socket, () => true);
      const bytes = Buffer.alloc(3_000_000, 'x');
      socket.send(bytes);
      expect((await echo).length).toBe(bytes.length);
      socket.close();
    }
  });
});
