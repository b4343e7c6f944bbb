import { Sandbox as Interpreter } from '@e2b/code-interpreter';
import { NotFoundError, Sandbox, Template } from 'e2b';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { askHost } from '../../../support/host-client.ts';
import { keyEntry } from '../../../support/key-entry.ts';
import { type RealServer, startRealServer } from '../../../support/real-server.ts';
import { until } from '../../../support/until.ts';

const [KEY, OTHER_KEY] = ['e2b_0123456789abcdef', 'e2b_fedcba9876543210'];

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer({ SANDBOX_API_KEYS: [keyEntry('one', KEY), keyEntry('other', OTHER_KEY)].join(',') });
});

afterAll(async () => {
  await server.close();
});

const as = (apiKey: string) => ({ apiKey, apiUrl: server.url, sandboxUrl: server.url });

it('a snapshot is its key’s: another makes no sandbox of it, does not see it and cannot delete it', async () => {
  const sandbox = await Sandbox.create('base', as(KEY));
  await sandbox.files.write('secret.txt', 'mine');
  const { snapshotId } = await sandbox.createSnapshot({ name: 'mine' });
  for (const template of [snapshotId, 'mine', 'mine:default', 'other/mine:default']) {
    await expect(Sandbox.create(template, as(OTHER_KEY)), template).rejects.toThrow('not found');
    expect(await Sandbox.deleteSnapshot(template, as(OTHER_KEY)), template).toBe(false);
  }
  expect(await Template.exists('mine', as(KEY))).toBe(true);
  expect(await Template.exists('mine', as(OTHER_KEY))).toBe(false);
  const seen = Sandbox.listSnapshots(as(OTHER_KEY));
  expect(await seen.nextItems()).toEqual([]);
  const copy = await Sandbox.create(snapshotId, as(KEY));
  expect(await copy.files.read('secret.txt')).toBe('mine');
  expect(await Sandbox.deleteSnapshot(snapshotId, as(KEY))).toBe(true);
  await Promise.all([sandbox.kill(), copy.kill()]);
});

it('a context is that of its sandbox: another sandbox has none of this id', async () => {
  const [mine, theirs] = await Promise.all([KEY, OTHER_KEY].map((key) => Interpreter.create(as(key))));
  if (!mine || !theirs) throw new Error('two sandboxes were made');
  const context = await theirs.createCodeContext();
  expect(context.id).toMatch(/^[0-9a-f]{32}$/);
  await theirs.runCode('kept = 1', { context });
  await expect(mine.runCode('kept', { context })).rejects.toThrow(NotFoundError);
  await expect(mine.removeCodeContext(context.id)).rejects.toThrow(NotFoundError);
  await expect(mine.restartCodeContext(context.id)).rejects.toThrow(NotFoundError);
  expect((await theirs.runCode('kept', { context })).text).toBe('1');
  await Promise.all([mine.kill(), theirs.kill()]);
});

it('processes of a sandbox are not there for the token of another', async () => {
  const [mine, theirs] = await Promise.all([KEY, OTHER_KEY].map((key) => Sandbox.create('base', as(key))));
  if (!mine || !theirs) throw new Error('two sandboxes were made');
  const { pid } = await theirs.commands.run('sleep 1000', { background: true });
  expect(await mine.commands.list()).toEqual([]);
  expect(await mine.commands.kill(pid)).toBe(false);
  await expect(mine.commands.connect(pid)).rejects.toThrow(NotFoundError);
  await expect(Sandbox.connect(theirs.sandboxId, as(KEY))).rejects.toThrow(NotFoundError);
  expect(await theirs.commands.list()).toMatchObject([{ pid }]);
  await Promise.all([mine.kill(), theirs.kill()]);
});

it('a page of a port reaches no other host: its cookies are its own, and it clears nobody’s', async () => {
  const sandbox = await Sandbox.create('base', as(KEY));
  const code = `
import http.server
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Set-Cookie", "a=b; Domain=localhost; Path=/")
        self.send_header("Set-Cookie", "__Host-clara-port=x")
        self.send_header("Clear-Site-Data", '"cookies"')
        self.send_header("X-Own", "1")
        self.end_headers()
http.server.HTTPServer(("", 8000), Page).serve_forever()`;
  await sandbox.files.write('page.py', code);
  await sandbox.commands.run('python3 page.py', { background: true });
  const page = `${server.url.replace(/\/\/[^:]+/, `//8000-${sandbox.sandboxId}.localhost`)}/`;
  await until('the page is there', async () => (await askHost(page)).status === 200);
  const { headers } = await askHost(page);
  expect([headers['set-cookie'], headers['clear-site-data']]).toEqual([['a=b; Path=/'], undefined]);
  expect([headers['x-own'], headers['origin-agent-cluster']]).toEqual(['1', '?1']);
  await sandbox.kill();
});
