/** From the least to the most that a sandbox may reach. */
const NETWORK_MODES = ['none', 'proxy', 'bridge'] as const;

/** What a sandbox may reach. */
export type NetworkMode = (typeof NETWORK_MODES)[number];

/** Where the agent offers its proxy on the sandbox's loopback; it takes HTTP and SOCKS. */
export const PROXY_PORT = 3128;

/** Where programs look for a proxy of SOCKS; it takes both too. */
export const SOCKS_PORT = 1080;

/** True where the first reaches more than the second. */
export function isWider(mode: NetworkMode, other: NetworkMode): boolean {
  return NETWORK_MODES.indexOf(mode) > NETWORK_MODES.indexOf(other);
}

const PROXY_URL = `http://127.0.0.1:${PROXY_PORT}`;

/** All that a sandbox calls itself, its host name too. */
const NO_PROXY = 'localhost,127.0.0.1,::1,0.0.0.0,sandbox';

/** What HTTP clients read to find the proxy; programs differ in which spelling they know. */
export const PROXY_ENVIRONMENT: Readonly<Record<string, string>> = {
  HTTP_PROXY: PROXY_URL,
  http_proxy: PROXY_URL,
  HTTPS_PROXY: PROXY_URL,
  https_proxy: PROXY_URL,
  ALL_PROXY: PROXY_URL,
  all_proxy: PROXY_URL,
  NO_PROXY,
  no_proxy: NO_PROXY,
  // Node 24 and newer; older ones do not know it.
  NODE_USE_ENV_PROXY: '1',
  // What wrappers of programs that know no proxy read. Not SOCKS_PROXY nor ALL_PROXY: clients of Python fail where they find SOCKS there.
  SOCKS_SERVER: `127.0.0.1:${SOCKS_PORT}`,
  SOCKS5_SERVER: `127.0.0.1:${SOCKS_PORT}`,
};
