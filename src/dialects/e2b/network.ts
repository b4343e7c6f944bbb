import { isIP } from 'node:net';
import { SandboxError } from '../../base/errors.ts';
import type { AskedSpec } from '../../sandboxes/asked/asked-spec.ts';
import type { NetworkTerms } from '../../sandboxes/asked/terms.ts';

/** What clients write for all of IPv4, and mean for all there is. */
const ALL_TRAFFIC = '0.0.0.0/0';

/** What a request says of a sandbox's way out. */
export interface AskedNetwork {
  readonly allowOut?: readonly string[] | null | undefined;
  readonly denyOut?: readonly string[] | null | undefined;
  readonly maskRequestHost?: string | null | undefined;
  readonly rules?: unknown;
  readonly egressProxy?: unknown;
}

/** The network of a sandbox as its terms keep it; throws `invalid` for what is none, and for what this server lacks. */
export function toNetworkTerms(asked: AskedNetwork, isInternetAllowed: boolean): NetworkTerms {
  if (isAsked(asked.rules)) throw invalid('rules', 'is not supported by this server');
  if (isAsked(asked.egressProxy)) throw invalid('egressProxy', 'is not supported by this server');
  const { allowOut, denyOut } = { allowOut: asked.allowOut ?? [], denyOut: asked.denyOut ?? [] };
  for (const entry of denyOut) {
    if (!isRange(entry)) throw invalid('denyOut', `takes addresses and ranges only, not ${JSON.stringify(entry)}`);
  }
  const names = allowOut.filter((entry) => !isRange(entry));
  const wrong = names.find((entry) => !isHostPattern(entry));
  if (wrong !== undefined)
    throw invalid('allowOut', `has ${JSON.stringify(wrong)}, which is neither an address nor a host`);
  if (names.length > 0 && isInternetAllowed && !denyOut.includes(ALL_TRAFFIC)) {
    throw new SandboxError(
      'invalid',
      `When specifying allowed domains in allow out, you must include 'ALL_TRAFFIC' in deny out to block all other traffic.`,
      { field: 'denyOut' },
    );
  }
  return { allowOut, denyOut, isInternetAllowed, maskRequestHost: asked.maskRequestHost || null };
}

/** The same as what the core narrows a sandbox's way out by: what is allowed beats what is denied. */
export function toEgress({ allowOut, denyOut, isInternetAllowed }: NetworkTerms): AskedSpec {
  if (!isInternetAllowed || denyOut.includes(ALL_TRAFFIC)) return { egressAllow: allowOut };
  if (denyOut.length === 0) return {};
  return { egressAllow: allowOut, egressDeny: denyOut };
}

/** True for an address or a range of addresses. */
function isRange(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

function isHostPattern(text: string): boolean {
  return (
    text === '*' ||
    /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.?$/i.test(text)
  );
}

function isAsked(value: unknown): boolean {
  return value !== undefined && value !== null && !(typeof value === 'object' && Object.keys(value).length === 0);
}

function invalid(field: string, what: string): SandboxError {
  return new SandboxError('invalid', `${field} ${what}.`, { field });
}
