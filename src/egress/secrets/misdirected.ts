import type { Header } from '../../base/message-headers.ts';
import { parseHost } from '../host.ts';

/** What a request says of where it goes, and where its connection leads. */
interface Asked {
  /** What the client's TLS has named; null where that was nothing. */
  readonly serverName: string | null;
  readonly target: string;
  readonly headers: readonly Header[];
  readonly host: string;
  readonly port: number;
}

const HTTPS_PORT = 443;

/** Why a request is for somebody else than the host that its connection leads to, as a sentence; null where it is not. */
export function whyMisdirected({ serverName, target, headers, host, port }: Asked): string | null {
  const leads = `This connection leads to ${host}`;
  if (serverName === null || nameOf(serverName) !== host) {
    return `${leads}, and its TLS names ${serverName === null ? 'no host' : 'another one'}.`;
  }
  const hosts = headers.filter(([name]) => name.toLowerCase() === 'host').map(([, value]) => value);
  const [only] = hosts;
  if (hosts.length !== 1 || only === undefined || !isAuthority(only, host, port)) {
    return `${leads}, and the header Host names ${hosts.length === 1 ? 'another one' : 'not exactly one'}.`;
  }
  return /^(?:\/|\*$)/.test(target) ? null : `${leads}; a request over it names a path.`;
}

function isAuthority(text: string, host: string, port: number): boolean {
  const [, name = '', portText] = /^([^:]*)(?::(\d{1,5}))?$/.exec(text) ?? [];
  return nameOf(name) === host && (portText === undefined ? port === HTTPS_PORT : Number(portText) === port);
}

function nameOf(text: string): string | null {
  const parsed = parseHost(text);
  return parsed?.kind === 'name' ? parsed.name : null;
}
