import type { Header } from '../base/message-headers.ts';

/** Keeps a page below the API's own paths from being one of the API's origin. */
const POLICY = "sandbox allow-scripts allow-forms allow-popups; frame-ancestors 'none'";

/** What an answer would change of the API's origin in a browser. */
const OF_THE_ORIGIN =
  /^(?:set-cookie2?|clear-site-data|service-worker-allowed|access-control-.*|strict-transport-security|alt-svc|nel|report-to|reporting-endpoints)$/i;

/** The headers of an answer that is given below the API's own paths. */
export function toApiHeaders(headers: readonly Header[], isPrivate: boolean): readonly Header[] {
  const kept = headers.filter(([name]) => !OF_THE_ORIGIN.test(name));
  const policy: Header = ['Content-Security-Policy', POLICY];
  if (!isPrivate) return [...kept, policy];
  const others = kept.filter(([name]) => !/^(?:referrer-policy|cache-control)$/i.test(name));
  return [...others, policy, ['Referrer-Policy', 'no-referrer'], ['Cache-Control', 'private, no-store']];
}
