import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBrowser, type TestBrowser } from '../../support/browser.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';

const XTERM = createRequire(import.meta.url).resolve('@xterm/xterm');
const SIZE = { rows: 24, cols: 80 };

let server: RealServer;
let browser: TestBrowser;

beforeAll(async () => {
  server = await startRealServer();
  browser = await startBrowser();
  await server.call('POST', '/sandbox/u/create');
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** A page with xterm.js, as a console would have it, on the terminal of a new process; the page knows no key. */
async function openPage(body: object): Promise<Page> {
  const started = await server.call('POST', '/sandbox/u/processes', { tty: SIZE, ...body });
  const path = `/sandbox/u/processes/${started.body.id}/attach`;
  const signed = await server.call('POST', '/sandbox/u/sign', { method: 'GET', path });
  const page = await browser.context.newPage();
  await page.addScriptTag({ path: XTERM });
  await page.addScriptTag({
    content: `
      const socket = new WebSocket(${JSON.stringify(signed.body.url.replace(/^http/, 'ws'))}, 'clara.tty.v1');
      const terminal = new Terminal(${JSON.stringify(SIZE)});
      terminal.open(document.body);
      socket.binaryType = 'arraybuffer';
      const told = [];
      socket.onmessage = ({ data }) => {
        if (typeof data === 'string') told.push(JSON.parse(data));
        else terminal.write(new Uint8Array(data));
      };
      socket.onclose = ({ code }) => { window.closeCode = code; };
      const bytes = new TextEncoder();
      terminal.onData((text) => socket.send(bytes.encode(text)));
      terminal.onResize((size) => socket.send(JSON.stringify({ resize: { rows: size.rows, cols: size.cols } })));
      window.terminal = terminal;
      window.told = told;
      window.screenText = () => {
        const { active } = terminal.buffer;
        return Array.from({ length: active.length }, (_, line) => active.getLine(line).translateToString(true)).join('\\n');
      };
    `,
  });
  return page;
}

/** Resolves when the screen has this text. */
async function shows(page: Page, text: string): Promise<void> {
  await page.waitForFunction(`screenText().includes(${JSON.stringify(text)})`, undefined, { timeout: 60_000 });
}

async function type(page: Page, text: string): Promise<void> {
  await page.evaluate(`terminal.input(${JSON.stringify(text)})`);
}

const closedWith = (page: Page) =>
  page.waitForFunction('window.closeCode', undefined, { timeout: 60_000 }).then((code) => code.jsonValue());

it('shows a shell in xterm.js, with completion, colours and the size of its window', async () => {
  const page = await openPage({});
  // gVisor has the workspace and the home as two devices, so that bash does not see that they are one folder.
  await shows(page, IS_GVISOR ? 'user@sandbox:/workspace$' : 'user@sandbox:~$');
  await type(page, 'touch a-long-name.txt; echo ready\r');
  await shows(page, '\nready');
  await type(page, 'ls --color=always a-lo\t\r');
  await shows(page, '\na-long-name.txt');
  await page.evaluate('terminal.resize(100, 30)');
  await type(page, 'stty size\r');
  await shows(page, '\n30 100');
  await type(page, "printf '\\033[31mred\\033[0m-text\\n'\r");
  await shows(page, '\nred-text');
  const colour = await page.evaluate(`(() => {
    const { active } = terminal.buffer;
    for (let line = active.length - 1; line >= 0; line -= 1)
      if (active.getLine(line).translateToString(true) === 'red-text') return active.getLine(line).getCell(0).getFgColor();
  })()`);
  expect(colour).toBe(1);
  await type(page, 'exit\r');
  expect(await closedWith(page)).toBe(1000);
  await page.close();
});

it('edits a file in vim', async () => {
  const page = await openPage({ command: 'vim note.txt' });
  await shows(page, '~');
  await type(page, 'iwritten in vim\x1b');
  await shows(page, 'written in vim');
  await type(page, ':wq\r');
  expect(await closedWith(page)).toBe(1000);
  expect((await server.shell('u', 'cat note.txt')).body.output).toBe('written in vim\n');
  await page.close();
});

it('runs htop, which draws the whole screen, and Python, whose lines can be edited', async () => {
  const htop = await openPage({ command: 'htop' });
  await shows(htop, 'PID');
  await type(htop, 'q');
  expect(await closedWith(htop)).toBe(1000);
  await htop.close();
  const python = await openPage({ argv: ['python3'] });
  await shows(python, '>>>');
  await type(python, 'print(6 * 8\x1b[D\x1b[3~7)\r');
  // Before the prompt the terminal takes lines, and what ends its input there is lost.
  await shows(python, '\n42\n>>>');
  await type(python, '\x04');
  expect(await closedWith(python)).toBe(1000);
  await python.close();
});
