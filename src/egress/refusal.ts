import type { AnswerCode } from '../agent/wire/incoming-channel.ts';
import { SandboxError } from '../base/errors.ts';
import type { Verdict } from './egress-log.ts';
import type { EgressMeter } from './meter.ts';
import { MAIL_PORT } from './policy.ts';

/** What a program is told beside the refusal itself. */
const MAIL_CLOSED = `Port ${MAIL_PORT}, of mail servers, is closed unless SANDBOX_EGRESS_ALLOW names it, as in mail.example.org:25.`;

/** Why there is no connection: the agent hears the code, the program the sentence. */
export class Refusal extends Error {
  readonly verdict: Verdict;
  readonly code: AnswerCode;

  constructor(verdict: Verdict, code: AnswerCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.verdict = verdict;
    this.code = code;
  }
}

/** What the policy does not permit. */
export function denied(host: string, port: number): Refusal {
  const sentence = `This sandbox may not connect to ${host} on port ${port}.`;
  return new Refusal('denied', 'denied', port === MAIL_PORT ? `${sentence} ${MAIL_CLOSED}` : sentence);
}

/** More connections than a sandbox may have. */
export function crowded(meter: EgressMeter): Refusal {
  const { maxConnections } = meter.limits;
  return new Refusal(
    'limit',
    'limit',
    `This sandbox already has ${maxConnections} connections; close some and try again.`,
  );
}

/** More bytes than a sandbox may send and receive. */
export function spent(meter: EgressMeter): Refusal {
  const { maxBytes } = meter.limits;
  return new Refusal('limit', 'limit', `This sandbox has used the ${maxBytes} bytes that it may send and receive.`);
}

/** What an error on the way to a host says to the program; `gone` is raised where nobody waits any more. */
export function toRefusal(error: unknown, host: string, port: number, gone: AbortSignal): Refusal {
  if (gone.aborted) return new Refusal('cancelled', 'cancelled', 'The connection was given up.');
  if (error instanceof Refusal) return error;
  if (error instanceof SandboxError) return new Refusal('unreachable', 'unreachable', error.message, error);
  return new Refusal('unreachable', 'internal', `The connection to ${host} on port ${port} failed.`, error);
}
