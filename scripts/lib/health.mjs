import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from './failure.mjs';

const POLL_MS = 100;
const REQUEST_TIMEOUT_MS = 5_000;

/**
 * Fails with a sentence where another program has the port: its answers would be taken for the server's.
 * @param {string} host
 * @param {number} port
 */
export async function requireFreePort(host, port) {
  const probe = createServer();
  const error = await new Promise((resolve) => {
    probe.once('error', resolve);
    probe.listen({ host, port }, () => probe.close(() => resolve(undefined)));
  });
  if (error?.code === 'EADDRINUSE') {
    throw new Failure(
      `Port ${port} is taken by another program. Stop it, or choose another port: SANDBOX_API_PORT=${port + 1} npm run up`,
    );
  }
}

/**
 * Waits until the server says that it is healthy.
 * @param {string} url
 * @param {AbortSignal} signal ends the waiting
 * @returns {Promise<boolean>} false where it was ended
 */
export async function waitUntilHealthy(url, signal) {
  while (!signal.aborted) {
    if (await isHealthy(url)) return true;
    await delay(POLL_MS, undefined, { signal }).catch(() => {});
  }
  return false;
}

/** @param {string} url */
async function isHealthy(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    const body = await response.json();
    return body.status === 'healthy';
  } catch {
    return false;
  }
}
