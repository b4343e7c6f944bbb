const DEFAULT_PORT = 8080;

/**
 * The port of the server of these settings, as they say it.
 * @param {NodeJS.ProcessEnv} env
 */
export function portOf(env) {
  return env.SANDBOX_API_PORT || DEFAULT_PORT;
}

/**
 * Where this machine reaches that server.
 * @param {NodeJS.ProcessEnv} env
 */
export function reachableHost(env) {
  const host = env.SANDBOX_API_HOST || '0.0.0.0';
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

/**
 * The URL of that server for programs of this machine, as a person writes it.
 * @param {NodeJS.ProcessEnv} env
 */
export function addressOf(env) {
  const host = reachableHost(env);
  return `http://${host === '127.0.0.1' || host === '[::1]' ? 'localhost' : host}:${portOf(env)}`;
}

/**
 * Where that server, or the one that SANDBOX_URL names, speaks MCP.
 * @param {NodeJS.ProcessEnv} env
 */
export function mcpUrlOf(env) {
  return `${(env.SANDBOX_URL || addressOf(env)).replace(/\/+$/, '')}/mcp`;
}
