import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBrowser, type TestBrowser } from '../../support/browser.ts';
import { startPortApp } from '../../support/port-app.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

const PORT = 8000;

let server: RealServer;
let browser: TestBrowser;
/** What somebody looks at who also looks at the other, each with the cookie of its own host. */
let victim: Page;
let hostile: Page;

beforeAll(async () => {
  server = await startRealServer();
  browser = await startBrowser();
  victim = await show(
    'victim',
    '<title>victim</title><script>localStorage.secret = "kept"; document.cookie = "own=kept"</script>',
  );
  hostile = await show('hostile', '<title>hostile</title>');
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** A page of a user's app in the browser, which comes by a signed URL. */
async function show(user: string, html: string): Promise<Page> {
  await startPortApp(server, user, PORT);
  const page = await browser.context.newPage();
  await page.goto((await shared(user)).preview_url.replace('/?', `/page?html=${encodeURIComponent(html)}&`));
  expect(await page.title()).toBe(user);
  expect(page.url()).not.toContain('signature');
  return page;
}

const shared = async (user: string) => (await server.call('POST', `/sandbox/${user}/ports/${PORT}`)).body;
const originOf = (page: Page) => new URL(page.url()).origin;

/** What a page gets of what it tries: its value, or the name of the error. */
async function attempt(page: Page, code: string): Promise<unknown> {
  return await page.evaluate(`(async () => { ${code} })().catch((error) => error.name)`);
}

/** What the victim's app was asked beside its page. */
async function seen(): Promise<string[]> {
  const answer = await fetch(`${server.url}/sandbox/victim/ports/${PORT}/seen`, {
    headers: { 'x-api-key': server.apiKey },
  });
  const asked = (await answer.json()) as string[];
  return asked.filter((one) => !one.endsWith('/page') && !one.endsWith('/favicon.ico'));
}

describe('a page of a preview', () => {
  it('reaches its own app with all that the browser has for it', async () => {
    const own = "const { path } = await (await fetch('/own', { method: 'POST' })).json(); return path;";
    expect(await attempt(victim, own)).toBe('/own');
    const socket = `const socket = new WebSocket('ws://' + location.host + '/ws');
      socket.onopen = () => socket.send('hello');
      return await new Promise((resolve) => { socket.onmessage = ({ data }) => resolve(data); socket.onerror = () => resolve('error'); });`;
    expect(await attempt(victim, socket)).toBe('hello');
    expect(await attempt(victim, 'return document.cookie')).toBe('own=kept');
    expect(await seen()).toEqual(['POST /own', 'GET /ws']);
  });

  it('has no request of a page of another preview passed on to its app', async () => {
    const before = await seen();
    const target = JSON.stringify(originOf(victim));
    for (const [mode, expected] of [
      ['cors', 'TypeError'],
      ['no-cors', 'opaque'],
    ] as const) {
      for (const method of ['GET', 'POST']) {
        const code = `return (await fetch(${target} + '/steal', { method: '${method}', mode: '${mode}', credentials: 'include' })).type`;
        expect(await attempt(hostile, code)).toBe(expected);
      }
    }
    const socket = `return await new Promise((resolve) => {
      const socket = new WebSocket(${target}.replace('http', 'ws') + '/ws');
      socket.onopen = () => resolve('open'); socket.onerror = () => resolve('error'); });`;
    expect(await attempt(hostile, socket)).toBe('error');
    const image = `return await new Promise((resolve) => {
      const image = new Image(); image.onload = () => resolve('load'); image.onerror = () => resolve('error'); image.src = ${target} + '/steal'; });`;
    expect(await attempt(hostile, image)).toBe('error');
    expect(await seen()).toEqual(before);
  });

  it('is read by no page of another: not its cookies, its storage, its frame nor its window', async () => {
    const target = JSON.stringify(victim.url());
    expect(await attempt(hostile, 'return document.cookie + localStorage.secret')).toBe('undefined');
    const frame = `try { document.domain = 'localhost'; } catch {}
      const frame = document.createElement('iframe');
      frame.src = ${target};
      await new Promise((resolve) => { frame.onload = resolve; document.body.append(frame); });
      return frame.contentWindow.document.cookie;`;
    expect(await attempt(hostile, frame)).toBe('SecurityError');
    const opening = browser.context.waitForEvent('page');
    await hostile.evaluate(`void (window.opened = open(${target}))`);
    const popup = await opening;
    await popup.waitForFunction("localStorage.secret === 'kept'");
    for (const look of ['document.cookie', 'localStorage.secret', 'location.href']) {
      expect(await attempt(hostile, `return opened.${look}`)).toBe('SecurityError');
    }
    for (const look of ['document.title', 'localStorage.length', 'location.href']) {
      expect(await attempt(popup, `return opener.${look}`)).toBe('SecurityError');
    }
    // What is said to it, it hears with the name of who says it.
    await popup.evaluate('void (window.heard = new Promise((resolve) => { onmessage = resolve; }))');
    await hostile.evaluate("opened.postMessage('hello', '*')");
    expect(await popup.evaluate('heard.then(({ origin, data }) => [origin, data])')).toEqual([
      originOf(hostile),
      'hello',
    ]);
    await popup.close();
  });

  it('has no service worker of another, and its own has no other scope', async () => {
    const other = `return await navigator.serviceWorker.register(${JSON.stringify(`${originOf(victim)}/worker.js`)})`;
    expect(await attempt(hostile, other)).toBe('SecurityError');
    const scope = `return await navigator.serviceWorker.register('/worker.js', { scope: ${JSON.stringify(originOf(victim))} })`;
    expect(await attempt(hostile, scope)).toBe('SecurityError');
  });
});

describe('a page of a preview, or of the path form,', () => {
  it('reads nothing of the API, and does nothing there', async () => {
    await server.call('POST', '/sandbox/hostile/sign/revoke');
    const framed = await browser.context.newPage();
    const { url } = await shared('hostile');
    await framed.goto(url.replace('/?', `/page?html=${encodeURIComponent('<title>path</title>')}&`));
    expect(await framed.title()).toBe('path');
    expect(await framed.evaluate('origin')).toBe('null');
    const before = (await server.call('GET', '/sandbox')).body.sandboxes.length;
    for (const page of [hostile, framed]) {
      for (const [path, init] of [
        ['/sandbox/victim/status', {}],
        ['/sandbox/victim/fs/stat?path=port_app.py', {}],
        ['/openapi.json', {}],
        ['/sandbox/made/create', { method: 'POST' }],
        ['/sandbox/victim?files=true', { method: 'DELETE' }],
      ] as const) {
        const options = JSON.stringify({ ...init, credentials: 'include' });
        const code = `return (await fetch(${JSON.stringify(server.url + path)}, ${options})).status`;
        expect(await attempt(page, code)).toBe('TypeError');
      }
    }
    expect((await server.call('GET', '/sandbox')).body.sandboxes).toHaveLength(before);
    expect((await server.call('GET', '/sandbox/victim/status')).body.status).toBe('running');
  });

  it('has in the path form neither cookies nor storage nor workers, and is in no frame', async () => {
    const framed = await browser.context.newPage();
    const { url } = await shared('hostile');
    await framed.goto(url.replace('/?', `/page?html=${encodeURIComponent('<title>path</title>')}&`));
    expect(await attempt(framed, 'return document.cookie')).toBe('SecurityError');
    expect(await attempt(framed, 'return localStorage.length')).toBe('SecurityError');
    const worker = `return await navigator.serviceWorker.register(${JSON.stringify(url)})`;
    expect(['SecurityError', 'TypeError']).toContain(await attempt(framed, worker));
    const frame = `const frame = document.createElement('iframe');
      frame.src = ${JSON.stringify(url)};
      await new Promise((resolve) => { frame.onload = resolve; document.body.append(frame); });
      return frame.contentWindow.document.title;`;
    expect(await attempt(hostile, frame)).toBe('SecurityError');
  });
});
