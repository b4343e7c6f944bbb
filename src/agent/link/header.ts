import { createHash } from 'node:crypto';
import type { AgentSource } from './source.ts';

/** What the agent is told about the sandbox that it works in. */
export interface AgentSettings {
  readonly workspace: string;
  readonly packages: string;
  readonly scratch: string;
  readonly preload: 'auto' | 'none' | readonly string[];
  /** The umask of what it makes and runs; that of its image where absent. */
  readonly umask?: number;
  /** The environment of what it runs, on top of the image's own. */
  readonly env: Readonly<Record<string, string>>;
  /** Ports of the sandbox's loopback on which to offer a proxy of HTTP and SOCKS; none where absent. */
  readonly proxy?: { readonly port: number; readonly socks: number };
  /** Programs of which the agent says, as it greets, whether its image has them. */
  readonly programs?: readonly string[];
  /** A file inside that every Node is to load first, if it is there. */
  readonly nodePreload?: string;
}

/** What comes before the agent's source: its length in bytes on a line, and who the agent is to be; docs/agent-protocol.md has its fields. */
export function toHeader(source: AgentSource, secret: string, settings: AgentSettings, replace: boolean): string {
  const socket = createHash('sha256').update(secret).digest('hex').slice(0, 24);
  const header = {
    protocol: 1,
    socket: `clara-${socket}`,
    secret,
    hash: source.hash,
    source: source.bundle.length,
    replace,
    config: settings,
  };
  const text = JSON.stringify(header);
  return `${Buffer.byteLength(text)}\n${text}`;
}
