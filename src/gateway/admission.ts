import type { FastifyRequest } from 'fastify';
import type { ApiKey } from '../auth/api-keys.ts';
import { type Principal, requireUser } from '../auth/principal.ts';
import { SandboxError } from '../base/errors.ts';
import { type KeyCheck, presentedKey } from '../http/auth/key-check.ts';
import type { FarKey, FarSide } from './far-side.ts';

/** Where what a request shows is for the server in a sandbox, which nobody here knows. */
const PORT_PATH = /^\/sandbox\/[^/?]+\/ports\/\d+\/|^\/api\/v1\/sandboxes\/[^/?]+\/ports\/\d+\//;

interface Asking {
  /** True for what is another server's altogether: hosts of previews, and ports of E2B's sandboxes. */
  readonly isOfSandbox: boolean;
  /** True for MCP, where the users are named in calls. */
  readonly isMcp: boolean;
}

/** Who asks: the holder of one of this server's keys, or somebody whom only the other server can know. */
export interface GatewayVisit {
  readonly principal: Principal | null;
  /** The key that the request shows; null where it shows none of this server. */
  readonly key: string | null;
  /** True for what is another server's altogether. */
  readonly isOfSandbox: boolean;
  readonly farKey: FarKey;
}

/** Lets requests in at a gateway. */
export class GatewayAdmission {
  readonly #keys: KeyCheck;
  readonly #far: FarSide;
  readonly #keyCount: number;

  constructor(keys: KeyCheck, far: FarSide, keyCount: number) {
    this.#keys = keys;
    this.#far = far;
    this.#keyCount = keyCount;
  }

  /**
   * Throws `unauthorized` for a key that is none, `forbidden` for a user that the key is not for, `too_many`, and `unavailable` while the
   * other server is away or cannot tell this one's clients apart.
   */
  async admit(request: FastifyRequest, { isOfSandbox, isMcp }: Asking): Promise<GatewayVisit> {
    const principal = this.#keys.admitKnown(request);
    request.principal = principal;
    if (principal === null) {
      // What another server has issued, or what runs in a sandbox asks for, is not for this one to judge.
      const isForeign = isOfSandbox || PORT_PATH.test(request.url);
      if (request.headers['x-api-key'] !== undefined && !isForeign) this.#keys.admit(request);
      this.#keys.admitVisitor(request);
      return { principal, key: null, isOfSandbox, farKey: await this.#far.farKey() };
    }
    const userId = userIdOf(request);
    if (userId !== undefined && !isOfSandbox) requireUser(principal, userId);
    const farKey = await this.#far.farKey();
    if (farKey === 'plain') this.#requireAlone(principal, isMcp);
    return { principal, key: presentedKey(request), isOfSandbox, farKey };
  }

  /** Without a gateway's key over there all clients are one, and what only a body says is held by nobody. */
  #requireAlone({ name, userPrefix }: Principal, isMcp: boolean): void {
    if (this.#keyCount > 1) throw new SandboxError('unavailable', explainKeys(this.#keyCount));
    if (userPrefix !== '' && isMcp) {
      const sentence = `The key ${name} is only for some users, which MCP needs a gateway's key for at the server that holds the sandboxes.`;
      throw new SandboxError('forbidden', sentence);
    }
  }
}

/** Why a gateway with N keys needs one of a gateway over there. */
export function explainKeys(count: number): string {
  return `This server has ${count} keys, and its own key at the server that holds the sandboxes is no gateway's, so that all its clients would be one: make one there with npm run key -- <name> --gateway, or keep a single key here.`;
}

/** What an operator must know of keys with limits that nobody holds: the other server is told those of clients, by a gateway's key alone. */
export function limitsOfOthers(keys: readonly ApiKey[], farKey: FarKey): readonly string[] {
  const limited = keys.filter((key) => key.maxSandboxes !== null || key.maxDiskBytes !== null);
  const names = limited.filter(({ isGateway }) => farKey === 'plain' || isGateway === true).map(({ name }) => name);
  if (names.length === 0) return [];
  const whose = names.length === 1 ? `the key ${names[0]}` : `the keys ${names.join(', ')}`;
  return [
    `Nobody holds sandboxes= and disk= of ${whose}: set them for the gateway's key at the server that holds the sandboxes.`,
  ];
}

function userIdOf({ params }: FastifyRequest): string | undefined {
  if (typeof params !== 'object' || params === null || !('user_id' in params)) return undefined;
  return typeof params.user_id === 'string' ? params.user_id : undefined;
}
