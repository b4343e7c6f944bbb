import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../async/clock.ts';
import { isSandboxError, SandboxError } from '../../base/errors.ts';
import type { KeyCheck } from '../../http/auth/key-check.ts';
import { HttpError } from '../../http/errors/http-error.ts';
import type { PreviewHosts } from '../../http/routing/preview-hosts.ts';
import type { SandboxRef } from '../../sandboxes/asked/ref.ts';
import type { Tenancies, Tenancy } from '../../sandboxes/tenancies.ts';
import { sendGone, sendNoTraffic } from './gone.ts';
import { toResumedByTraffic } from './life.ts';
import type { OpenAnswers } from './open-answers.ts';
import { NAMESPACE } from './operation.ts';
import { ENVD_PORT, namesSandbox, type Place, placeIn } from './planes.ts';
import { findHolder, isExpired, isSame, isSignedWith, signedFileIn } from './signatures.ts';
import { userOf, type Visit } from './visit.ts';

interface AdmissionParts {
  readonly tenancies: Tenancies;
  readonly keys: KeyCheck;
  readonly hosts: PreviewHosts;
  readonly clock: Clock;
  readonly answers: OpenAnswers;
}

/** Said of the URL of a file that is not signed, as clients make it of a sandbox without a token. */
const UNSIGNED =
  'Nothing here names a sandbox. URLs of files are signed where it was made with secure: true; of any other, send the headers E2b-Sandbox-Id and E2b-Sandbox-Port.';

/** Lets requests in to ports of sandboxes: by the id, which nobody guesses, and by the tokens that the sandbox's terms ask for. */
export class SandboxAdmission {
  readonly #parts: AdmissionParts;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /** The sandbox that a request may use; null where it was answered that there is none. Throws `unauthorized` or `too_many`. */
  async enter(request: FastifyRequest, reply: FastifyReply): Promise<Visit | null> {
    const { tenancies, hosts, answers } = this.#parts;
    const hostPlace = hosts.idPlaceOf(hosts.nameOf(request.raw));
    const place = hostPlace ?? placeIn(request.headers) ?? (await this.#unnamedPlace(request));
    if (place === null) return sendNothing(sendGone(request, reply, ''));
    const tenancy = await tenancies.find({ namespace: NAMESPACE, id: place.id });
    if (!tenancy || answers.isLeaving(tenancy.id)) return sendNothing(sendGone(request, reply, place.id));
    if (!this.#isTrafficAllowed(request, tenancy, place)) return sendNothing(sendNoTraffic(request, reply, place.id));
    this.#requireToken(request, tenancy, hostPlace !== null);
    const principal = this.#parts.keys.admitNamed(request, tenancy.createdBy);
    const ref = { address: tenancy.address, principal };
    if (tenancy.isSuspended) {
      const isResumable = tenancy.terms.isResumedByTraffic && !tenancy.isHalted;
      if (!isResumable || !(await this.#resume(ref, tenancy))) return sendNothing(sendGone(request, reply, place.id));
    }
    answers.follow(tenancy.id, reply);
    return { ref, tenancy, ...place, user: userOf(request), isHost: hostPlace !== null };
  }

  /** True where the sandbox of a request whose body has come since is still there and runs. */
  async isThere({ ref }: Visit): Promise<boolean> {
    const { tenancies, answers } = this.#parts;
    const tenancy = await tenancies.find(ref.address);
    return tenancy !== null && !tenancy.isSuspended && !answers.isLeaving(tenancy.id);
  }

  /** False where the sandbox was ended before it could be resumed. */
  async #resume(ref: SandboxRef, { terms }: Tenancy): Promise<boolean> {
    const { tenancies, clock } = this.#parts;
    try {
      await tenancies.resume(ref, toResumedByTraffic(clock.wallMs(), terms.timeoutSeconds));
      return true;
    } catch (error) {
      if (!isSandboxError(error, 'not_found')) throw error;
      return false;
    }
  }

  #isTrafficAllowed({ headers }: FastifyRequest, { terms }: Tenancy, { port }: Place): boolean {
    if (terms.trafficToken === null || port === ENVD_PORT) return true;
    const shown = headers['e2b-traffic-access-token'];
    return typeof shown === 'string' && isSame(shown, terms.trafficToken);
  }

  #requireToken(request: FastifyRequest, { terms }: Tenancy, isHost: boolean): void {
    const { keys } = this.#parts;
    const { needs = 'token', isOpenByHost = false } = request.routeOptions.config.e2b ?? {};
    if (terms.token === null || (needs === 'nothing' && (!isHost || isOpenByHost))) return;
    const shown = request.headers['x-access-token'];
    if (typeof shown === 'string') {
      if (isSame(shown, terms.token)) return;
      keys.refuseSignature(request, 'access token present in header but does not match');
    }
    if (needs === 'token or signature') this.#requireSignature(request, terms.token);
    else
      keys.refuseSignature(
        request,
        'unauthorized access, please provide a valid access token or method signing if supported',
      );
  }

  #requireSignature(request: FastifyRequest, token: string): void {
    const keys: KeyCheck = this.#parts.keys;
    const signed = signedFileIn(request);
    if (signed === null) keys.refuseSignature(request, 'missing signature query parameter');
    if (!isSignedWith(token, signed)) keys.refuseSignature(request, 'invalid signature');
    // It was good once: nobody guesses.
    if (isExpired(signed, this.#parts.clock.wallMs())) {
      throw new SandboxError('unauthorized', 'signature is already expired');
    }
  }

  /** The sandbox whose token has signed the URL, or is shown, where nothing names one; null where the token is nobody's. */
  async #unnamedPlace(request: FastifyRequest): Promise<Place | null> {
    const { tenancies, keys } = this.#parts;
    const { headers, routeOptions } = request;
    const signed = routeOptions.config.e2b?.needs === 'token or signature' && signedFileIn(request);
    const token = headers['x-access-token'];
    if (!signed && typeof token === 'string' && !namesSandbox(headers)) {
      const holder = findHolder(token, await tenancies.all(NAMESPACE));
      if (holder) return { id: holder.address.id, port: ENVD_PORT };
      // Its sandbox is gone, or somebody guesses.
      keys.noteBadSignature(request);
      return null;
    }
    if (!signed && namesSandbox(headers)) {
      throw new HttpError(
        400,
        'Send the headers E2b-Sandbox-Id and E2b-Sandbox-Port, which is a number from 1 to 65535.',
      );
    }
    if (!signed) throw new SandboxError('not_found', UNSIGNED);
    for (const { address, terms } of await tenancies.all(NAMESPACE)) {
      if (terms.token !== null && isSignedWith(terms.token, signed)) return { id: address.id, port: ENVD_PORT };
    }
    return keys.refuseSignature(request, 'invalid signature');
  }
}

function sendNothing(_answered: FastifyReply): null {
  return null;
}
