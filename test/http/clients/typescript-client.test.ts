import { afterEach, describe, expect, it, vi } from 'vitest';
import { ClaraClient, SandboxOperationError } from '../../../clients/typescript/src/index.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** A client whose every call is answered with that. */
const answering = (timeout: number, status: number, body: object) => {
  const fetch = async () => Response.json(body, { status });
  return new ClaraClient({ baseUrl: 'http://localhost', apiKey: 'key', timeout, fetch }).sandbox('u');
};

describe('the TypeScript client', () => {
  it('waits for as long as it is told, and half a minute more than a call that has a time of its own', async () => {
    const waits = vi.spyOn(AbortSignal, 'timeout');
    const [short, long] = [answering(5, 200, {}), answering(100, 200, {})];
    await short.status();
    await short.usage();
    await short.execute('1', { timeout: 1 });
    await short.restart();
    await long.status();
    await long.execute('1', { timeout: 1 });
    expect(waits.mock.calls).toEqual([[5_000], [5_000], [31_000], [60_000], [100_000], [100_000]]);
  });

  it('takes the key from its address, as the Python client does, unless it is given one', async () => {
    const seen: (readonly [string, string | null])[] = [];
    const fetch = async (request: Request) => {
      seen.push([request.url, request.headers.get('x-api-key')]);
      return Response.json({});
    };
    const baseUrl = 'http://key:a%20key@localhost:8080/below/';
    await new ClaraClient({ baseUrl, fetch }).health();
    await new ClaraClient({ baseUrl, fetch, apiKey: 'another' }).health();
    expect(seen).toEqual([
      ['http://localhost:8080/below/health', 'a key'],
      ['http://localhost:8080/below/health', 'another'],
    ]);
  });

  it('says what the server says, as the Python client does', async () => {
    for (const [body, sentence] of [
      [
        { detail: [{ loc: ['body', 'timeout'], msg: 'is too long' }], error: 'timeout is too long.' },
        'timeout is too long.',
      ],
      [{ detail: ['a', 'b'], error: 'The key has as many as it may.' }, 'The key has as many as it may.'],
      [{ detail: [{ loc: ['body', 'timeout'], msg: 'is too long' }] }, 'body.timeout: is too long'],
      [{ message: 'No room.', code: 'x' }, 'No room.'],
      [{}, 'The server answered 409.'],
    ] as const) {
      const error = await answering(5, 409, body)
        .status()
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(SandboxOperationError);
      expect(error).toMatchObject({ message: sentence, status: 409 });
    }
  });

  it('has an empty text for the output of a program that has written nothing, and no bytes for an empty file', async () => {
    const fetch = async () => new Response('', { headers: { 'content-length': '0' } });
    const sandbox = new ClaraClient({ baseUrl: 'http://localhost', apiKey: 'key', fetch }).sandbox('u');
    expect(await sandbox.processes.output(7)).toBe('');
    expect(await sandbox.files.read('empty')).toEqual(new Uint8Array());
    expect(await sandbox.files.readText('empty')).toBe('');
  });

  it('opens WebSockets where it reaches the server, by a signature of the server’s own address', async () => {
    const asked: unknown[] = [];
    const opened: unknown[] = [];
    const fetch = async (request: Request) => {
      asked.push(await request.json());
      return Response.json({ url: 'https://example.org/sandbox/u/signed?signature=a.7.b', expires_at: '' });
    };
    const webSocket = (...given: unknown[]) => {
      opened.push(given);
      return {} as WebSocket;
    };
    const client = new ClaraClient({ baseUrl: 'http://localhost:8080/below', apiKey: 'key', fetch, webSocket });
    const sandbox = client.sandbox('a user');
    expect((await sandbox.processes.attach(7)).binaryType).toBe('arraybuffer');
    await sandbox.processes.attach(7, 10);
    await sandbox.webSocket('/ports/8000/live', ['chat']);
    await sandbox.webSocket('/ports/8000/a b/%20?name=Zoë');
    expect(asked.map((body) => (body as { path: string }).path)).toEqual([
      '/sandbox/a%20user/processes/7/attach',
      '/sandbox/a%20user/processes/7/attach?after=10',
      '/sandbox/a%20user/ports/8000/live',
      '/sandbox/a%20user/ports/8000/a%20b/%20?name=Zo%C3%AB',
    ]);
    const base = 'ws://localhost:8080/below/sandbox/a%20user';
    expect(opened).toEqual([
      [`${base}/processes/7/attach?signature=a.7.b`, ['clara.tty.v1']],
      [`${base}/processes/7/attach?after=10&signature=a.7.b`, ['clara.tty.v1']],
      [`${base}/ports/8000/live?signature=a.7.b`, ['chat']],
      [`${base}/ports/8000/a%20b/%20?name=Zo%C3%AB&signature=a.7.b`, []],
    ]);
  });
});
