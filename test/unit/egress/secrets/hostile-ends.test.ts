import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect as connectTls, createServer, type Server } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/async/clock.ts';
import { parsePattern } from '../../../../src/egress/pattern.ts';
import { CertificateAuthority } from '../../../../src/egress/secrets/authority.ts';
import { StandIn } from '../../../../src/egress/secrets/stand-in.ts';
import { makeCertificate } from '../../../support/certificate.ts';

let folder: string;
let host: Server;
let port: number;
let standIn: StandIn;
let root: string;
/** What the host answers, byte for byte. */
let said = '';
/** What it was sent first. */
let heard = '';
const authority = new CertificateAuthority(randomBytes(32), systemClock);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clara-host-'));
  const { key, certificate } = await makeCertificate('origin.test', folder);
  host = createServer({ key, cert: certificate }, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (chunk: Buffer) => {
      heard = chunk.toString('latin1');
      socket.end(Buffer.from(said, 'latin1'));
    });
  });
  host.listen(0, '127.0.0.1');
  await once(host, 'listening');
  port = (host.address() as AddressInfo).port;
  standIn = new StandIn(10_000, [certificate]);
  root = await authority.root();
});
afterAll(async () => {
  host?.close();
  await rm(folder, { recursive: true });
});

/** All that a program gets back for these bytes over a connection to the host, which gets a secret. */
async function exchange(sent: string): Promise<string> {
  const socket = connectTcp(port, '127.0.0.1');
  await once(socket, 'connect');
  const hosts = [parsePattern(`origin.test:${port}`) ?? expect.fail()];
  const secret = { placeholder: `clara-secret-${'a'.repeat(32)}`, value: 'the value', hosts };
  const stream = await standIn.lead(socket, {
    target: { kind: 'name', name: 'origin.test' },
    port,
    held: () => ({ authority, secrets: [{ ...secret, header: null, isInQuery: false }] }),
    gone: new AbortController().signal,
  });
  const tls = connectTls({ socket: stream, ca: root, servername: 'origin.test' });
  tls.on('error', () => undefined);
  await once(tls, 'secureConnect');
  tls.write(sent);
  return await text(tls).catch(() => 'cut');
}

const request = (more = '') => `GET / HTTP/1.1\r\nHost: origin.test:${port}\r\n${more}\r\n`;

const UPGRADE = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${'a'.repeat(22)}==\r\n`;

describe('a host that gets a secret', () => {
  it.each(['099 Low', '000 None'])('answers for nobody with the status %s', async (status) => {
    said = `HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`;
    expect(await exchange(request())).toMatch(/^HTTP\/1\.1 502 /);
  });

  it.each(['O\x01K', 'O\x7fK'])('is passed on without a reason that nobody may write: %j', async (reason) => {
    said = `HTTP/1.1 200 ${reason}\r\nX-Own: yes\r\nContent-Length: 0\r\n\r\n`;
    expect(await exchange(request())).toMatch(/^HTTP\/1\.1 200 \r\nx-own: yes\r\n/);
  });

  it('is asked for no WebSocket behind a request that has no answer yet', async () => {
    said = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
    expect(await exchange(`${request()}${request(UPGRADE)}`)).not.toContain('101');
  });

  it('ends the connection of a client whose second request it no longer takes', async () => {
    said = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
    expect(await exchange(`${request()}${request()}`)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('is told where a body ends, also by a client who says that this is about its own connection', async () => {
    said = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
    const other = `GET /other HTTP/1.1\r\nHost: other.test\r\n\r\n`;
    await exchange(`${request(`Connection: content-length\r\nContent-Length: ${other.length}\r\n`)}${other}`);
    expect(heard.toLowerCase()).toContain(`content-length: ${other.length}\r\n`);
  });
});
