import { createServer, type IncomingMessage, type Server, ServerResponse, request as send } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { duplexPair } from '../../async/duplex-pair.ts';
import { endToEnd, type Header, toHeaders, toRecord } from '../../base/message-headers.ts';
import { joinWebSocket, passAnswer, refuse } from './answering.ts';
import type { CertificateAuthority } from './authority.ts';
import { fillRequest } from './filled-request.ts';
import { whyMisdirected } from './misdirected.ts';
import { Redaction } from './redaction.ts';
import type { EgressSecret } from './secret.ts';
import { OneConnection } from './upstream.ts';

/** The longest head of a request or an answer, in bytes. */
const MAX_HEAD_BYTES = 65_536;

/** Requests of one connection that may wait for those before them. */
const MOST_PIPELINED = 16;

const ONLY_WEB_SOCKETS = 'A host that gets a secret can be asked for a WebSocket, and for no other protocol.';

/** What a connection to a host that gets secrets is. */
interface Intercepted {
  readonly host: string;
  readonly port: number;
  readonly authority: CertificateAuthority;
  /** TLS with the host. */
  readonly upstream: TLSSocket;
  /** Those that the host gets at this moment. */
  secrets(): readonly EgressSecret[];
}

/** One connection of a sandbox, whose TLS ends here. */
interface Connection extends Intercepted {
  readonly client: TLSSocket;
  readonly agent: OneConnection;
  underWay: number;
}

/** Stands between sandboxes and the hosts that get their secrets: HTTP/1.1 on both sides, one connection there for each one here. */
export class Interception {
  readonly #server: Server;
  readonly #connections = new WeakMap<Duplex, Connection>();

  constructor() {
    const limits = { maxHeaderSize: MAX_HEAD_BYTES, keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 };
    // It never listens: connections are given to it.
    this.#server = createServer(limits);
    this.#server.on('request', (request, response) => this.#pass(request, response));
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#server.on('clientError', refuseBroken);
    this.#server.on('connect', (_request, socket) => socket.end('HTTP/1.1 421 Misdirected Request\r\n\r\n'));
  }

  /** The stream that the sandbox's bytes of this connection go to. */
  async open(intercepted: Intercepted): Promise<Duplex> {
    const { host, authority, upstream } = intercepted;
    const secureContext = await authority.contextFor(host);
    const [near, far] = duplexPair();
    // It only asks a socket what every stream has.
    const client = new TLSSocket(far as Socket, { isServer: true, secureContext, ALPNProtocols: ['http/1.1'] });
    const connection = { ...intercepted, client, agent: new OneConnection(upstream), underWay: 0 };
    this.#connections.set(client, connection);
    client.on('error', () => client.destroy());
    client.once('secure', () => this.#server.emit('connection', client));
    client.once('close', () => {
      upstream.destroy();
      far.destroy();
    });
    upstream.once('close', () => {
      if (connection.underWay === 0) client.end();
    });
    return near;
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#connections.get(request.socket);
    if (!connection || connection.underWay >= MOST_PIPELINED) return void request.socket.destroy();
    connection.underWay += 1;
    response.once('close', () => {
      connection.underWay -= 1;
      if (connection.upstream.destroyed && connection.underWay === 0) connection.client.end();
    });
    const misdirected = this.#whyMisdirected(request, connection);
    if (misdirected) refuse(response, 421, misdirected);
    else this.#ask(request, response, connection, null);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const connection = this.#connections.get(socket);
    // Nobody asks for it before the answers are there: it could not wait for those.
    if (!connection || connection.underWay > 0) return void socket.destroy();
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(connection.client);
    response.once('finish', () => connection.client.end());
    connection.underWay += 1;
    const misdirected = this.#whyMisdirected(request, connection);
    if (misdirected) refuse(response, 421, misdirected);
    else if (request.headers.upgrade?.toLowerCase() === 'websocket') this.#ask(request, response, connection, head);
    else refuse(response, 501, ONLY_WEB_SOCKETS);
  }

  #whyMisdirected(request: IncomingMessage, { client, host, port }: Connection): string | null {
    return whyMisdirected({
      serverName: typeof client.servername === 'string' ? client.servername : null,
      target: request.url ?? '',
      headers: toHeaders(request.rawHeaders),
      host,
      port,
    });
  }

  /** Asks the host; `upgradeHead` is what came behind the request for a WebSocket, null for all others. */
  #ask(request: IncomingMessage, response: ServerResponse, connection: Connection, upgradeHead: Buffer | null): void {
    const { host, port, agent } = connection;
    const secrets = connection.secrets();
    const filled = fillRequest(
      { target: request.url ?? '/', headers: endToEnd(toHeaders(request.rawHeaders)) },
      secrets,
    );
    const redaction = secrets.length > 0 ? new Redaction(secrets, filled.replacements) : null;
    const asked = send({
      agent,
      host,
      port,
      setHost: false,
      method: request.method,
      path: filled.target,
      headers: toRecord([...toUpstreamHeaders(filled.headers), ...framingOf(request, upgradeHead !== null)]),
      maxHeaderSize: MAX_HEAD_BYTES,
    });
    asked.on('error', () => {
      if (response.headersSent) connection.client.destroy();
      else refuse(response, 502, `The connection to ${host} ended without an answer.`);
    });
    asked.on('response', (answer) => passAnswer(request, answer, response, redaction));
    asked.on('upgrade', (answer: IncomingMessage, socket: Duplex, head: Buffer) => {
      response.detachSocket(connection.client);
      joinWebSocket(answer, { client: connection.client, upgradeHead, socket, head }, redaction);
    });
    response.once('close', () => {
      if (!response.writableFinished && !asked.destroyed && upgradeHead === null) asked.destroy();
    });
    if (upgradeHead !== null || !hasBody(request)) asked.end();
    else pipeline(request, asked, () => undefined);
  }
}

/** Ends a connection on which no HTTP/1.1 comes. */
function refuseBroken(error: Error, socket: Duplex): void {
  if (!socket.writable) return;
  const isLong = 'code' in error && error.code === 'HPE_HEADER_OVERFLOW';
  const status = isLong ? '431 Request Header Fields Too Large' : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
  socket.once('finish', () => socket.destroy());
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || headers['content-length'] !== undefined;
}

/** What this side says itself. */
const OWN: readonly string[] = ['expect', 'accept-encoding', 'content-length'];

/** Without what this side says itself; plain, so that a value in the body is found. */
function toUpstreamHeaders(headers: readonly Header[]): readonly Header[] {
  const kept = headers.filter(([name]) => !OWN.includes(name.toLowerCase()));
  return [...kept, ['Accept-Encoding', 'identity']];
}

/** Where the body ends, whatever `Connection` calls its own: what comes behind would be another request to the host. */
function framingOf({ headers }: IncomingMessage, isUpgrade: boolean): readonly Header[] {
  if (isUpgrade) {
    return [
      ['Connection', 'Upgrade'],
      ['Upgrade', 'websocket'],
    ];
  }
  if (headers['transfer-encoding'] !== undefined) return [['Transfer-Encoding', 'chunked']];
  const length = headers['content-length'];
  return length === undefined ? [] : [['Content-Length', length]];
}
