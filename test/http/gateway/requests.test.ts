import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startFar, stopFar, upload } from '../../support/far-server.ts';
import { BOT_KEY, startGateway, type TestGateway } from '../../support/gateway.ts';
import { withoutWaiting } from '../../support/without-waiting.ts';

const headers = { 'x-api-key': BOT_KEY };
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

let gateway: TestGateway;

afterEach(async () => {
  vi.useRealTimers();
  await gateway?.close();
  await stopFar();
});

describe('a request that a gateway passes on', () => {
  it('has one id at both servers and at the client, and the trace that the client began', async () => {
    let seen: IncomingMessage['headers'] = {};
    const url = await startFar((asked, reply) => {
      seen = asked.headers;
      reply.setHeader('x-request-id', String(seen['x-request-id'])).end('{}');
    });
    gateway = await startGateway(url);
    const own = await gateway.call('GET', '/sandbox/u/status', undefined, { ...headers, 'x-request-id': 'mine.1' });
    expect([own.headers['x-request-id'], seen['x-request-id']]).toEqual(['mine.1', 'mine.1']);
    const none = await gateway.call('GET', '/sandbox/u/status', undefined, { ...headers, traceparent: TRACE });
    expect(seen['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect([none.headers['x-request-id'], seen.traceparent]).toEqual([seen['x-request-id'], TRACE]);
  });

  it('has its body byte for byte, of any method, with a length or in chunks, small or not', async () => {
    const url = await startFar((asked, reply) => {
      reply.setHeader('x-length', asked.headers['content-length'] ?? 'chunks');
      asked.pipe(reply);
    });
    gateway = await startGateway(url);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      for (const bytes of [1, 65_536, 65_537, 300_000]) {
        const body = Buffer.alloc(bytes, method);
        const whole = await fetch(`${gateway.url}/x`, { method, headers, body });
        expect([whole.headers.get('x-length'), Buffer.from(await whole.arrayBuffer()).equals(body)]).toEqual([
          String(bytes),
          true,
        ]);
      }
    }
    const { sent, answered } = upload(gateway.url, '/x');
    sent.end('in chunks');
    const answer = await answered;
    expect([answer.headers['x-length'], String(await once(answer, 'data'))]).toEqual(['chunks', 'in chunks']);
  });

  it('may be a QUERY that names no media type, which the other server judges', async () => {
    const url = await startFar((asked, reply) => reply.end(`${asked.method} ${asked.headers['content-type']}`));
    gateway = await startGateway(url);
    const answer = await fetch(`${gateway.url}/sandbox/u/ports/8000/x`, { method: 'QUERY', headers });
    expect([answer.status, await answer.text()]).toEqual([200, 'QUERY undefined']);
  });

  it('is not heard of over there where its client leaves before its small body is whole', async () => {
    const asked: (string | undefined)[] = [];
    const url = await startFar((request, reply) => {
      asked.push(request.url);
      reply.end('{}');
    });
    gateway = await startGateway(url);
    const arrived = once(gateway.app.server, 'request');
    const sent = request(`${gateway.url}/left`, { method: 'POST', headers: { ...headers, 'content-length': '10' } });
    sent.on('error', () => undefined).write('half');
    const [message] = (await arrived) as [IncomingMessage];
    const left = new Promise((resolve) => message.once('close', resolve));
    sent.destroy();
    await left;
    expect((await gateway.call('GET', '/next')).statusCode).toBe(200);
    expect(asked).toEqual(['/next']);
  });

  it('may have an answer that begins before its own end, and takes longer than answers may be waited for', async () => {
    const url = await startFar((asked, reply) => {
      reply.writeHead(200);
      reply.write('begun');
      asked.resume().on('end', async () => {
        await vi.advanceTimersByTimeAsync(1_500);
        reply.end(' and done');
      });
    });
    gateway = await startGateway(url, { SANDBOX_TIMEOUT: '1' });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { sent, answered } = upload(gateway.url, '/sandbox/u/raw?path=a');
    sent.write('first');
    const answer = await answered;
    sent.end('last');
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk);
    expect(String(Buffer.concat(chunks))).toBe('begun and done');
  });
});

describe('a client that does not send the whole of a small body', () => {
  it('is told so after as long as bodies may take, and its connection ends', async () => {
    gateway = await startGateway(await startFar((_asked, reply) => void reply.end('{}')));
    await withoutWaiting(async () => {
      const sent = request(`${gateway.url}/x`, { method: 'POST', headers: { ...headers, 'content-length': '10' } });
      sent.on('error', () => undefined).write('half');
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      expect([answer.statusCode, answer.headers.connection]).toEqual([408, 'close']);
      expect(String(await once(answer, 'data'))).toContain('did not arrive in time');
    });
  });
});
