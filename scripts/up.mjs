// `npm run up`: from a fresh checkout to a server that answers, in one command.
import { addressOf, portOf, reachableHost } from './lib/address.mjs';
import { ensureApiKey } from './lib/api-key.mjs';
import { e2bExports } from './lib/e2b-exports.mjs';
import { readEnvironment } from './lib/environment.mjs';
import { Failure, runScript } from './lib/failure.mjs';
import { requireFreePort, waitUntilHealthy } from './lib/health.mjs';
import { findMode } from './lib/mode.mjs';
import { needsOf, prepare } from './lib/prepare.mjs';
import { startServer } from './lib/server-process.mjs';
import { print, printError } from './lib/terminal.mjs';

const HEALTHY_TIMEOUT_MS = 60_000;

await runScript(async () => {
  const env = readEnvironment();
  const port = readPort(env);
  await requireFreePort(env.SANDBOX_API_HOST || '0.0.0.0', port);
  await prepare(env, needsOf(env, await findMode(env)));
  const master = ensureApiKey(env);

  const server = startServer({ ...process.env, ...(master ? { SANDBOX_API_KEY: master.key } : {}) });
  const waiting = new AbortController();
  const hasExited = server.exited.then(() => waiting.abort());
  const deadline = setTimeout(() => waiting.abort(), HEALTHY_TIMEOUT_MS);
  const isHealthy = await waitUntilHealthy(`http://${reachableHost(env)}:${port}/health`, waiting.signal);
  clearTimeout(deadline);

  if (isHealthy) printWelcome(addressOf(env), master);
  else if (await isPending(hasExited)) {
    printError(
      `The server did not become healthy within ${HEALTHY_TIMEOUT_MS / 1000} seconds; its messages are above.`,
    );
    server.stop();
    await server.exited;
    return 1;
  }
  const code = await server.exited;
  if (!isHealthy && !server.hasSignal()) {
    printError(`The server ended with code ${code} before it was ready; its messages above say why.`);
    return code || 1;
  }
  return code;
});

/** @param {NodeJS.ProcessEnv} env */
function readPort(env) {
  const port = Number(portOf(env));
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new Failure(`SANDBOX_API_PORT must be a port number from 1 to 65535; it is "${env.SANDBOX_API_PORT}".`);
}

/** @param {Promise<unknown>} promise */
async function isPending(promise) {
  const pending = Symbol('pending');
  return (await Promise.race([promise, Promise.resolve(pending)])) === pending;
}

/**
 * A key is printed only when it was made, or to a person at a terminal: what else reads this keeps it.
 * @param {string} address
 * @param {{key: string, isNew: boolean} | undefined} master
 */
function printWelcome(address, master) {
  const isShown = master && (master.isNew || process.stdout.isTTY);
  const body = '{"code": "print(1 + 1)"}';
  print(
    '',
    `Clara Sandbox is ready at ${address} (its documentation: ${address}/docs)`,
    ...(isShown ? [`API key: ${master.key}`] : []),
    'Try it:',
    `  curl -s -X POST ${address}/sandbox/demo/execute -H 'X-API-Key: ${isShown ? master.key : wordForKey(master)}' -H 'Content-Type: application/json' -d '${body}'`,
    ...(isShown ? ['For the E2B SDKs:', ...e2bExports(address, master.key).map((line) => `  ${line}`)] : []),
    'Ctrl-C stops the server; sandboxes keep their files.',
    '',
  );
}

/** @param {object | undefined} master */
function wordForKey(master) {
  return master ? '<the SANDBOX_API_KEY of .env>' : '<a key that npm run key has made>';
}
