import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../../async/clock.ts';
import type { Header } from '../../../base/message-headers.ts';
import type { KeyCheck } from '../../../http/auth/key-check.ts';
import { passOn } from '../../../http/forward/pass-on.ts';
import { toPortHeaders } from '../../../http/forward/request-headers.ts';
import type { Core } from '../../dialect.ts';
import type { Admitted } from './admission.ts';

/** How a request is passed on to a port. */
interface Passing {
  readonly admitted: Admitted;
  readonly port: number;
  /** Path and query, as the server there is asked. */
  readonly target: string;
  /** What that server is called. */
  readonly host: string;
  /** The part of the path that it does not see; null where it sees all. */
  readonly prefix: string | null;
  toAnswerHeaders(headers: readonly Header[]): readonly Header[];
}

/** Passes a request on to a port and its answer back. */
export async function passToPort(
  request: FastifyRequest,
  reply: FastifyReply,
  { ports, settings, keys, clock }: Core & { readonly keys: KeyCheck; readonly clock: Clock },
  { admitted, port, target, host, prefix, toAnswerHeaders }: Passing,
): Promise<FastifyReply> {
  const { ref, signed, isVisitor } = admitted;
  request.about = ref.address;
  const hidesAuthorization = keys.hasKeyInAuthorization(request);
  return await passOn(request, reply, {
    target,
    headers: toPortHeaders(request, { host, prefix, hidesAuthorization }),
    connect: () => ports.connect(ref, port, { isVisitor }),
    toAnswerHeaders,
    lease: async () => {
      const { closing } = request.server;
      if (!signed) return { ends: closing, forMs: null };
      const revoked = await settings.whenRevoked(ref, signed.signatures);
      const forMs = Math.max(0, signed.expiresAt * 1000 - clock.wallMs());
      return { ends: AbortSignal.any([closing, revoked]), forMs };
    },
  });
}
