import { connect } from 'node:net';
import { Sandbox } from 'e2b';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../../support/real-server.ts';

const KEY = 'e2b_0123456789abcdef0123456789abcdef';

let server: RealServer;
let options: { readonly apiKey: string; readonly apiUrl: string; readonly sandboxUrl: string };

beforeAll(async () => {
  server = await startRealServer({ SANDBOX_API_KEY: KEY });
  options = { apiKey: KEY, apiUrl: server.url, sandboxUrl: server.url };
});

afterAll(async () => {
  await server.close();
});

describe('the end of a sandbox', () => {
  it('is told to who waits for a command', async () => {
    const other = await Sandbox.create('base', { ...options, timeoutMs: 60_000 });
    const command = await other.commands.run('sleep 100', { background: true });
    const ended = command.wait().catch((error: unknown) => error);
    await other.kill();
    expect(String(await ended)).toMatch(/sandbox was killed/);
    expect(await other.isRunning()).toBe(false);
  });

  // Clients that call httpcore ask whether the sandbox is there where an answer is cut, not where its connection is reset.
  it('cuts an answer without a reset', async () => {
    const other = await Sandbox.create('base', { ...options, timeoutMs: 60_000 });
    const { envdAccessToken: token } = other as unknown as { envdAccessToken: string };
    const message = JSON.stringify({ process: { cmd: '/bin/sleep', args: ['100'] } });
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    let heard = '';
    const ended = new Promise<string>((resolve) => {
      socket.once('error', (error) => resolve(String(error)));
      socket.once('end', () => resolve('the end'));
    });
    const begun = new Promise<void>((resolve) => {
      socket.on('data', (bytes) => {
        heard += bytes.toString('latin1');
        if (heard.includes('"start"')) resolve();
      });
    });
    const headers = [
      'POST /process.Process/Start HTTP/1.1',
      'Host: localhost',
      `E2b-Sandbox-Id: ${other.sandboxId}`,
      'E2b-Sandbox-Port: 49983',
      `X-Access-Token: ${token}`,
      'Content-Type: application/connect+json',
      `Content-Length: ${head.length + message.length}`,
    ];
    socket.write(`${headers.join('\r\n')}\r\n\r\n`);
    socket.write(Buffer.concat([head, Buffer.from(message)]));
    await begun;
    await other.kill();
    expect(await ended).toBe('the end');
    expect(heard).not.toContain('\r\n0\r\n');
    socket.destroy();
  });
});
