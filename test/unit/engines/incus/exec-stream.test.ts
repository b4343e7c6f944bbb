import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ExecStream } from '../../../../src/engines/incus/exec-stream.ts';

describe('the stream of a program on Incus', () => {
  let server: WebSocketServer;
  const far = new Map<string, WebSocket>();
  const streams: ExecStream[] = [];

  beforeEach(async () => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    server.on('connection', (socket, { url = '' }) => void far.set(url.slice(1), socket));
    await once(server, 'listening');
  });
  afterEach(() => {
    for (const stream of streams.splice(0)) stream.destroy();
    for (const socket of server.clients) socket.terminate();
    server.close();
    far.clear();
  });

  async function open() {
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const [stdin, stdout, stderr, control] = ['stdin', 'stdout', 'stderr', 'control'].map(
      (name) => new WebSocket(`ws://127.0.0.1:${port}/${name}`),
    );
    if (!stdin || !stdout || !stderr || !control) throw new Error('A socket is missing.');
    const stream = new ExecStream({ stdin, stdout, stderr, control });
    streams.push(stream);
    await stream.whenOpen();
    const sayer = (name: string) => (data: string, binary: boolean) => far.get(name)?.send(data, { binary });
    return { stream, stdout: sayer('stdout'), stderr: sayer('stderr') };
  }

  it('ends once stdout and stderr have both ended, whichever is first', async () => {
    const { stream, stdout, stderr } = await open();
    const read = text(stream);
    stdout('out', true);
    stdout('', false);
    await once(stream, 'data');
    const heard = once(stream, 'stderr');
    stderr('err', true);
    await heard;
    stderr('', false);
    expect(await read).toBe('out');
    expect(stream.stderr).toBe('err');
  });

  it('fails where stdout breaks off before its end', async () => {
    const { stream } = await open();
    const failed = once(stream, 'error');
    far.get('stdout')?.terminate();
    expect((await failed)[0]).toMatchObject({ kind: 'unavailable' });
  });

  it('tells Incus of the end of stdin by an empty message of text', async () => {
    const { stream } = await open();
    const stdin = far.get('stdin');
    const messages: [string, boolean][] = [];
    stdin?.on('message', (data, isBinary) => messages.push([String(data), isBinary]));
    stream.end('all');
    await expect
      .poll(() => messages)
      .toEqual([
        ['all', true],
        ['', false],
      ]);
  });

  it('closes control when it is destroyed, by which Incus ends the program', async () => {
    const { stream } = await open();
    const control = far.get('control');
    if (!control) throw new Error('There is no control.');
    const closed = once(control, 'close');
    stream.destroy();
    await closed;
    await stream.over;
  });
});
