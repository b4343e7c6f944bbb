import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import type { Host } from '../host.ts';
import { Interception } from './interception.ts';
import { type HeldSecrets, secretsFor } from './secret.ts';
import { secure } from './upstream.ts';

interface Toward {
  readonly target: Host;
  readonly port: number;
  /** What the sandbox has at this moment. */
  held(): HeldSecrets | null;
  readonly gone: AbortSignal;
}

/** Stands in, toward sandboxes, for the hosts that get their secrets. */
export class StandIn {
  readonly #interception = new Interception();
  readonly #timeoutMs: number;
  readonly #trust: SecureContext | undefined;

  /** `timeoutMs`: how long a host may take for its TLS. `roots`: certificates in PEM to believe beside the usual ones. */
  constructor(timeoutMs: number, roots: readonly string[] | undefined) {
    this.#timeoutMs = timeoutMs;
    this.#trust = roots && createSecureContext({ ca: [...rootCertificates, ...roots] });
  }

  /** The connection itself, or where its host gets secrets, what stands between it and the sandbox. Throws a Refusal where that cannot be. */
  async lead(socket: Socket, { target, port, held, gone }: Toward): Promise<Duplex> {
    const now = held();
    if (now === null || target.kind !== 'name') return socket;
    const { name } = target;
    if (secretsFor(now.secrets, name, port).length === 0) return socket;
    const upstream = await secure(socket, { host: name, trust: this.#trust, timeoutMs: this.#timeoutMs, gone });
    const secrets = () => secretsFor(held()?.secrets ?? [], name, port);
    try {
      return await this.#interception.open({ host: name, port, authority: now.authority, upstream, secrets });
    } catch (error) {
      upstream.destroy();
      throw error;
    }
  }
}
