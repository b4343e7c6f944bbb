import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createViteServer } from 'vitest/node';
import { startBrowser, type TestBrowser } from '../../support/browser.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

/** Serves the client's sources to browsers, as a developer's page would have them. */
type Pages = Awaited<ReturnType<typeof createViteServer>>;

let cacheDir: string;
let pages: Pages;
let server: RealServer;
let browser: TestBrowser;

beforeAll(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'clara-pages-'));
  pages = await createViteServer({
    cacheDir,
    root: fileURLToPath(new URL('../../../clients/typescript/', import.meta.url)),
    configFile: false,
    logLevel: 'silent',
    server: { host: '127.0.0.1', port: 0, hmr: false, watch: null },
    plugins: [
      {
        name: 'an empty page',
        configureServer: ({ middlewares }) => {
          middlewares.use('/page', (_request, response) => {
            response.setHeader('content-type', 'text/html').end('<!doctype html><title>page</title>');
          });
        },
      },
    ],
  });
  await pages.listen();
  server = await startRealServer({ SANDBOX_CORS_ORIGINS: originOf(pages) });
  browser = await startBrowser();
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await server?.close();
  await pages?.close();
  await rm(cacheDir, { recursive: true, force: true });
});

function originOf({ resolvedUrls }: Pages): string {
  const url = resolvedUrls?.local[0];
  if (url === undefined) throw new Error('The pages have no address.');
  return new URL(url).origin;
}

describe('the TypeScript client in a browser, on a page of another origin', () => {
  it('runs code, reads a stream, keeps files, and throws its own errors', async () => {
    const page = await browser.context.newPage();
    await page.goto(`${originOf(pages)}/page`);
    const options = JSON.stringify({ baseUrl: server.url, apiKey: server.apiKey });
    const found = await page.evaluate(`(async () => {
      const { ClaraClient, SandboxNotFoundError } = await import('/src/index.ts');
      const sandbox = new ClaraClient(${options}).sandbox('a browser');
      const { output } = await sandbox.execute('print(6 * 7)');
      let streamed = '';
      for await (const { event, data } of sandbox.streamExecute('print("one"); print("two")')) {
        if (event === 'stdout') streamed += data.text;
      }
      await sandbox.files.write('kept.txt', 'text of the page');
      const kept = await sandbox.files.readText('kept.txt');
      const error = await sandbox.files.readText('absent.txt').catch((thrown) => thrown);
      return { output, streamed, kept, isItsError: error instanceof SandboxNotFoundError };
    })()`);
    expect(found).toEqual({ output: '42\n', streamed: 'one\ntwo\n', kept: 'text of the page', isItsError: true });
  }, 120_000);
});
