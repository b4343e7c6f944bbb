import type { Header } from '../../base/message-headers.ts';
import { withoutDomain } from './cookies.ts';
import { PORT_COOKIE } from './request-headers.ts';

/** The headers of an answer from a host of previews, without what would reach further than that host. */
export function toPageHeaders(headers: readonly Header[]): readonly Header[] {
  const kept = headers.flatMap(([name, value]): Header[] => {
    // It would clear the cookies of all previews.
    if (/^clear-site-data$/i.test(name)) return [];
    if (!/^set-cookie$/i.test(name)) return [[name, value]];
    const cookie = withoutDomain(value, PORT_COOKIE);
    return cookie === null ? [] : [[name, cookie]];
  });
  const isKeyed = headers.some(([name]) => /^origin-agent-cluster$/i.test(name));
  // Pages of previews have a domain in common, which must not make them one.
  return isKeyed ? kept : [...kept, ['Origin-Agent-Cluster', '?1']];
}
