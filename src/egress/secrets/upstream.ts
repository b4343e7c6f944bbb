import { Agent } from 'node:http';
import type { Socket } from 'node:net';
import { connect, type SecureContext, type TLSSocket } from 'node:tls';
import { Refusal } from '../refusal.ts';

interface UpstreamOptions {
  /** The name that the host's certificate must be for. */
  readonly host: string;
  /** Whom to believe, where it is not those whom every program of this machine believes. */
  readonly trust: SecureContext | undefined;
  readonly timeoutMs: number;
  readonly gone: AbortSignal;
}

/** TLS with a host over a connection to it. Throws a Refusal where the host cannot prove its name: nothing is sent to it then. */
export function secure(socket: Socket, options: UpstreamOptions): Promise<TLSSocket> {
  const { host, trust, timeoutMs, gone } = options;
  return new Promise((resolve, reject) => {
    const secured = connect({
      socket,
      servername: host,
      ALPNProtocols: ['http/1.1'],
      minVersion: 'TLSv1.2',
      // Whatever the environment of this process says.
      rejectUnauthorized: true,
      ...(trust ? { secureContext: trust } : {}),
    });
    const give = (refusal: Refusal) => {
      settle();
      secured.destroy();
      socket.destroy();
      reject(refusal);
    };
    const onError = (cause: Error) => give(untrusted(host, cause));
    const onAbort = () => give(new Refusal('cancelled', 'cancelled', 'The connection was given up.'));
    const onTime = () => give(new Refusal('timeout', 'timeout', `${host} does not answer with TLS.`));
    const timer = setTimeout(onTime, timeoutMs);
    const settle = () => {
      clearTimeout(timer);
      gone.removeEventListener('abort', onAbort);
      secured.removeListener('error', onError);
    };
    // It may still fail when it is given up, and nobody else listens then.
    secured.on('error', () => undefined);
    secured.once('error', onError);
    secured.once('secureConnect', () => {
      settle();
      resolve(secured);
    });
    if (gone.aborted) onAbort();
    else gone.addEventListener('abort', onAbort, { once: true });
  });
}

/** Sends one request after the other over a connection that is there. */
export class OneConnection extends Agent {
  readonly #socket: TLSSocket;

  constructor(socket: TLSSocket) {
    super({ keepAlive: true, maxSockets: 1 });
    this.#socket = socket;
  }

  override createConnection(): TLSSocket {
    return this.#socket;
  }
}

function untrusted(host: string, cause: Error): Refusal {
  const code = 'code' in cause ? ` (${String(cause.code)})` : '';
  const sentence = `${host} gets a secret of this sandbox, and there is no TLS with it that can be trusted${code}: nothing was sent.`;
  return new Refusal('unreachable', 'unreachable', sentence, cause);
}
