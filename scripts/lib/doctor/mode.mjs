import { lastEngine } from '../mode.mjs';
import { fail, ok } from './finding.mjs';

const ASK_MS = 10_000;

/**
 * What will run sandboxes, and why.
 * @param {NodeJS.ProcessEnv} env
 * @param {import('../mode.mjs').Mode} mode
 * @returns {import('./finding.mjs').Finding}
 */
export function checkMode(env, mode) {
  const asked = env.SANDBOX_MODE || 'auto';
  if (asked !== 'auto') return ok('mode', `SANDBOX_MODE asks for ${asked}.`);
  if (mode === 'remote') return ok('mode', `remote: SANDBOX_API_URL is ${env.SANDBOX_API_URL}.`);
  if (lastEngine(env) === mode) return ok('mode', `${mode}: it ran the sandboxes of the data folder last.`);
  if (mode !== 'docker') return ok('mode', `${mode}: Docker does not answer, and Incus is where the settings say.`);
  return ok('mode', 'docker where it answers, else Incus where it is set up.');
}

/**
 * The other server, in mode remote.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<import('./finding.mjs').Finding>}
 */
export async function checkRemote(env) {
  const what = 'remote server';
  const url = (env.SANDBOX_API_URL ?? '').replace(/\/+$/, '');
  if (!URL.canParse(url)) return fail(what, 'SANDBOX_API_URL is not set.', 'Set it to the address of that server.');
  const mend = 'Start it, or correct SANDBOX_API_URL; until then this server answers 503.';
  const health = await ask(`${url}/health`, {}).catch((error) => error);
  if (health instanceof Error)
    return fail(what, `${url} does not answer (${health.cause?.code ?? health.name}).`, mend);
  if (!health.ok)
    return fail(what, `${url}/health answers ${health.status}, which is no server of this project.`, mend);
  const headers = { 'X-API-Key': env.SANDBOX_REMOTE_API_KEY || env.SANDBOX_API_KEY || '' };
  const info = await ask(`${url}/info`, { headers }).catch((error) => error);
  if (info.ok) return ok(what, `${url} answers, and takes the key.`);
  return fail(
    what,
    `${url} answers, and does not take the key.`,
    'Set SANDBOX_REMOTE_API_KEY to a key of that server.',
  );
}

/**
 * @param {string} url
 * @param {RequestInit} options
 */
async function ask(url, options) {
  return await fetch(url, { ...options, signal: AbortSignal.timeout(ASK_MS) });
}
