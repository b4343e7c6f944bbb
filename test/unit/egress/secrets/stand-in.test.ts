import { randomBytes, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/async/clock.ts';
import { parsePattern } from '../../../../src/egress/pattern.ts';
import { CertificateAuthority } from '../../../../src/egress/secrets/authority.ts';
import type { EgressSecret } from '../../../../src/egress/secrets/secret.ts';
import { StandIn } from '../../../../src/egress/secrets/stand-in.ts';
import { type Origin, startOrigin } from '../../../support/origin.ts';

const PLACEHOLDER = `clara-secret-${'a'.repeat(32)}`;
const VALUE = 'the value: "quoted" & größer';

let origin: Origin;
let standIn: StandIn;
let root: string;
const authority = new CertificateAuthority(randomBytes(32), systemClock);

beforeAll(async () => {
  origin = await startOrigin();
  standIn = new StandIn(10_000, [origin.certificate]);
  root = await authority.root();
});
afterAll(() => origin?.close());

const secret = (more: Partial<EgressSecret> = {}): EgressSecret => ({
  placeholder: PLACEHOLDER,
  value: VALUE,
  hosts: [parsePattern(`origin.test:${origin.httpsPort}`) ?? expect.fail()],
  header: null,
  isInQuery: false,
  ...more,
});

interface Client {
  readonly serverName?: string;
  readonly protocols?: string[];
}

/** What a program of the sandbox has once its CONNECT to `origin.test` was answered. */
async function lead(secrets: readonly EgressSecret[], by = standIn): Promise<Duplex> {
  const socket = connectTcp(origin.httpsPort, '127.0.0.1');
  await once(socket, 'connect');
  return await by.lead(socket, {
    target: { kind: 'name', name: 'origin.test' },
    port: origin.httpsPort,
    held: () => ({ authority, secrets }),
    gone: new AbortController().signal,
  });
}

async function secured(secrets: readonly EgressSecret[], client: Client = {}): Promise<TLSSocket> {
  const stream = await lead(secrets);
  const tls = connectTls({
    socket: stream,
    ca: root,
    servername: client.serverName ?? 'origin.test',
    ALPNProtocols: client.protocols ?? ['h2', 'http/1.1'],
    checkServerIdentity: () => undefined,
  });
  await once(tls, 'secureConnect');
  return tls;
}

/** All that comes back for these bytes on one connection. */
async function exchange(sent: string, secrets = [secret()], client: Client = {}): Promise<string> {
  const tls = await secured(secrets, client);
  tls.write(sent);
  return await text(tls);
}

const host = () => `Host: origin.test:${origin.httpsPort}\r\n`;
const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\n${host()}${headers}Connection: close\r\n\r\n`;

/** What the origin got of the last request. */
const received = () => origin.heads.at(-1);

/** Nothing of what a connection sends arrives at the host. */
async function nothingArrives(exchanged: () => Promise<string>): Promise<string> {
  const before = origin.requests.length;
  const answer = await exchanged();
  expect(origin.requests.length).toBe(before);
  return answer;
}

const KEY = `X-Api-Key: ${PLACEHOLDER}\r\n`;

describe('a host that gets a secret', () => {
  it('proves itself by a certificate of the authority, for this name alone', async () => {
    const tls = await secured([secret()]);
    const leaf = tls.getPeerX509Certificate();
    expect(leaf?.checkHost('origin.test')).toBe('origin.test');
    expect(leaf?.checkHost('other.test')).toBeUndefined();
    expect(leaf?.checkIssued(new X509Certificate(root))).toBe(true);
    expect([tls.authorized, tls.alpnProtocol]).toEqual([true, 'http/1.1']);
    tls.destroy();
  });

  it('gets the value in the place of the placeholder, and the client the placeholder back', async () => {
    const answer = await exchange(
      get('/headers', `Authorization: Bearer ${PLACEHOLDER}.\r\nOther: ${PLACEHOLDER}\r\n`),
    );
    expect(received()).toMatchObject({
      authorization: `Bearer ${Buffer.from(VALUE).toString('latin1')}.`,
      other: PLACEHOLDER,
      'accept-encoding': 'identity',
    });
    expect(answer).toContain(`"authorization":"Bearer ${PLACEHOLDER}."`);
  });

  it('gets the body as it is', async () => {
    const body = `the key is ${PLACEHOLDER}`;
    const head = `POST /echo HTTP/1.1\r\n${host()}Connection: close\r\n${KEY}`;
    expect(await exchange(`${head}Content-Length: ${body.length}\r\n\r\n${body}`)).toContain(body);
    const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    expect(await exchange(`${head}Transfer-Encoding: chunked\r\n\r\n${chunk}`)).toContain(body);
    expect(received()).toMatchObject({ 'x-api-key': Buffer.from(VALUE).toString('latin1') });
  });

  it('gets it in the query where that is said, and never in the path', async () => {
    const path = `/headers/${PLACEHOLDER}?key=${PLACEHOLDER}`;
    await exchange(get(path), [secret({ isInQuery: true })]);
    const asked = `/headers/${PLACEHOLDER}?key=${encodeURIComponent(VALUE)}`;
    expect(origin.requests.at(-1)).toBe(`origin.test:${origin.httpsPort} GET ${asked}`);
    await exchange(get(path), [secret()]);
    expect(origin.requests.at(-1)).toBe(`origin.test:${origin.httpsPort} GET ${path}`);
  });

  it('gets it in the header that is named, and in no other', async () => {
    const headers = `My-Key: ${PLACEHOLDER}\r\nAuthorization: ${PLACEHOLDER}\r\n`;
    await exchange(get('/hello', headers), [secret({ header: 'my-key' })]);
    const value = Buffer.from(VALUE).toString('latin1');
    expect(received()).toMatchObject({ 'my-key': value, authorization: PLACEHOLDER });
  });

  it('answers a redirect that holds the value with the placeholder, and is not followed', async () => {
    const to = `https://thief.test/?${encodeURIComponent(VALUE)}`;
    const answer = await nothingBut('/redirect', () => exchange(get(`/redirect?${encodeURIComponent(to)}`)));
    expect(answer).toContain(`location: https://thief.test/?${PLACEHOLDER}\r\n`);
  });

  it('carries many requests over one connection, and an end of the host to the client', async () => {
    const one = `GET /hello HTTP/1.1\r\n${host()}\r\n`;
    expect((await exchange(`${one}${one}${get('/hello')}`)).match(/hello origin\.test/g)).toHaveLength(3);
  });

  it('carries 20 MiB at the pace of the reader', async () => {
    const answer = await exchange(get('/big'));
    expect(answer.length - answer.replaceAll('x', '').length).toBe(20 * 2 ** 20);
  });

  it('is asked for a WebSocket with the value', async () => {
    const upgrade = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n`;
    const tls = await secured([secret()]);
    tls.write(`GET /socket HTTP/1.1\r\n${host()}${KEY}${upgrade}\r\n`);
    let answer = '';
    for await (const chunk of tls) {
      answer += String(chunk);
      if (answer.includes('hello')) break;
    }
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
  });
});

describe('a connection to a host that gets a secret', () => {
  it.each([
    ['another Host', () => `GET /hello HTTP/1.1\r\nHost: other.test:${origin.httpsPort}\r\n${KEY}\r\n`],
    ['a Host with another port', () => `GET /hello HTTP/1.1\r\nHost: origin.test\r\n${KEY}\r\n`],
    ['two Hosts', () => `GET /hello HTTP/1.1\r\n${host()}Host: other.test\r\n${KEY}\r\n`],
    ['no Host', () => `GET /hello HTTP/1.0\r\n${KEY}\r\n`],
    ['a whole URL', () => `GET https://other.test/hello HTTP/1.1\r\n${host()}${KEY}\r\n`],
    ['a CONNECT', () => `CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443\r\n${KEY}\r\n`],
  ])('is not good for %s: 421', async (_what, sent) => {
    expect(await nothingArrives(() => exchange(sent()))).toMatch(/^HTTP\/1\.1 421 /);
  });

  it.each([
    ['names another host', 'other.test'],
    ['names none', ''],
  ])('is not good where its TLS %s: 421', async (_what, serverName) => {
    const answer = await nothingArrives(() => exchange(get('/hello', KEY), [secret()], { serverName }));
    expect(answer).toMatch(/^HTTP\/1\.1 421 /);
  });

  it.each([
    ['HTTP/2', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0`],
    [
      'two lengths',
      `POST /echo HTTP/1.1\r\nHost: origin.test\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['a head without end', `GET /hello HTTP/1.1\r\n${`X-Long: ${'x'.repeat(4000)}\r\n`.repeat(20)}`],
  ])('carries no %s', async (_what, sent) => {
    expect(await nothingArrives(() => exchange(sent))).toMatch(/^HTTP\/1\.1 4\d\d /);
  });

  it('carries no HTTP/2 where that is all that the client speaks', async () => {
    await expect(secured([secret()], { protocols: ['h2'] })).rejects.toThrow();
  });

  it('carries nothing that is not TLS', async () => {
    const stream = await lead([secret()]);
    stream.write(get('/hello', KEY));
    expect(await nothingArrives(() => text(stream).catch(() => ''))).not.toContain('HTTP');
  });

  it('becomes no other protocol', async () => {
    const upgrade = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n';
    const sent = `GET /hello HTTP/1.1\r\n${host()}${KEY}${upgrade}\r\n`;
    expect(await nothingArrives(() => exchange(sent))).toMatch(/^HTTP\/1\.1 501 /);
  });

  it('is the host itself where it gets no secret, and where it has another port', async () => {
    const other = secret({ hosts: [parsePattern('origin.test:443') ?? expect.fail()] });
    const stream = await lead([other]);
    const tls = connectTls({ socket: stream, ca: origin.certificate, servername: 'origin.test' });
    await once(tls, 'secureConnect');
    tls.write(get('/hello', KEY));
    await text(tls);
    expect(received()).toMatchObject({ 'x-api-key': PLACEHOLDER });
  });

  it('is not made where the host cannot prove its name', async () => {
    const strict = new StandIn(10_000, undefined);
    await nothingArrives(async () => {
      const failed = await lead([secret()], strict).catch((error: unknown) => error);
      expect(failed).toMatchObject({
        verdict: 'unreachable',
        message: expect.stringContaining('DEPTH_ZERO_SELF_SIGNED'),
      });
      return '';
    });
  });
});

/** The host is asked for this once, and for nothing else. */
async function nothingBut(path: string, exchanged: () => Promise<string>): Promise<string> {
  const before = origin.requests.length;
  const answer = await exchanged();
  expect(origin.requests.slice(before)).toEqual([expect.stringContaining(` ${path}`)]);
  return answer;
}
