import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDeferred } from '../../../../src/async/deferred.ts';
import { type RealServer, startRealServer } from '../../../support/real-server.ts';
import { until } from '../../../support/until.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(async () => {
  await server.close();
});

/** A published client that starts the bridge, as desktop assistants do. */
async function connect(mode: 'legacy' | 'modern', env: Readonly<Record<string, string>>): Promise<Client> {
  const versionNegotiation = { mode: mode === 'legacy' ? 'legacy' : { pin: '2026-07-28' } } as const;
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation });
  await client.connect(
    new StdioClientTransport({
      command: 'npm',
      args: ['run', '--silent', 'mcp'],
      env: { ...process.env, ...env } as Record<string, string>,
    }),
  );
  return client;
}

describe.each(['legacy', 'modern'] as const)('the bridge, %s', (mode) => {
  it('passes calls on, their progress and their cancellation', async () => {
    const client = await connect(mode, { SANDBOX_URL: server.url, SANDBOX_API_KEY: server.apiKey });
    const call = async (name: string, args: Readonly<Record<string, unknown>>, options = {}) => {
      const { content } = await client.callTool({ name, arguments: args }, options);
      return content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n');
    };
    expect(await call('run_python', { code: 'print("ü")\n6 * 7' })).toMatch(/^ü\n42\n\[exit 0/);
    const uri = 'sandbox://mcp/workspace/ü.txt';
    await call('write_file', { path: 'ü.txt', content: 'umlaut' });
    expect((await client.readResource({ uri })).contents).toEqual([{ uri, mimeType: 'text/plain', text: 'umlaut' }]);

    const started = await call('run_shell', { command: 'read x; echo got $x', background: true });
    const id = Number(/^Process (\d+)/.exec(started)?.[1]);
    const waits = createDeferred<void>();
    const output = call('process_output', { id, after: 1, wait: 60 }, { onprogress: () => waits.resolve() });
    await waits.promise;
    await call('process_input', { id, text: 'it\n' });
    expect(await output).toContain('got it');

    const giveUp = new AbortController();
    const command = `sleep ${mode === 'legacy' ? 621 : 622}`;
    const cancelled = call('run_shell', { command, timeout: 300 }, { signal: giveUp.signal });
    const isRunning = async () =>
      /^\d+\n/.test(await call('run_shell', { command: `pgrep -x -f "${command}" || true` }));
    await until('it runs', isRunning);
    giveUp.abort();
    await expect(cancelled).rejects.toThrow();
    await until('it is gone', async () => !(await isRunning()));
    await client.close();
  });
});

describe('a bridge that cannot pass a message on', () => {
  it('answers a line that is no message, and no notification', async () => {
    const env = { ...process.env, SANDBOX_URL: server.url, SANDBOX_API_KEY: server.apiKey };
    const bridge = spawn(process.execPath, ['scripts/mcp.mjs'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: bridge.stdout })[Symbol.asyncIterator]();
    const next = async () => JSON.parse((await lines.next()).value);
    bridge.stdin.write('{"jsonrpc": "2.0", "method": "no/such"}\n{"what": 1}\n');
    expect(await next()).toMatchObject({ id: null, error: { code: -32_600 } });
    bridge.stdin.write('{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n');
    expect(await next()).toMatchObject({ id: 1, result: {} });
    bridge.stdin.end();
    await once(bridge, 'exit');
  });

  it('says why', async () => {
    const away = { SANDBOX_URL: 'http://127.0.0.1:9', SANDBOX_API_KEY: 'x' };
    await expect(connect('legacy', away)).rejects.toThrow('The server at http://127.0.0.1:9/mcp cannot be reached');
    const wrong = { SANDBOX_URL: server.url, SANDBOX_API_KEY: 'wrong' };
    await expect(connect('legacy', wrong)).rejects.toThrow('Invalid API key');
  });
});
