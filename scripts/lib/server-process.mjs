import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './paths.mjs';

// npm and the terminal may both send the same Ctrl-C; within this time it counts once.
const REPEATED_SIGNAL_MS = 1_000;

/**
 * Starts the server as a child that shares this terminal. Signals sent to this process reach it once,
 * and it stops by itself if this process dies.
 * @param {NodeJS.ProcessEnv} env
 * @returns {{exited: Promise<number>, stop: () => void, hasSignal: () => boolean}}
 *   `exited` resolves to the exit code
 */
export function startServer(env) {
  const preload = new URL('./exit-with-parent.mjs', import.meta.url).href;
  const args = ['--import', preload, join(ROOT, 'dist', 'main.js')];
  // A group of its own: otherwise the terminal's Ctrl-C and the one passed on would count as two.
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env,
    detached: true,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  let lastSignalAt = Number.NEGATIVE_INFINITY;
  const forward = (/** @type {NodeJS.Signals} */ signal) => {
    const isRepeated = performance.now() - lastSignalAt < REPEATED_SIGNAL_MS;
    lastSignalAt = performance.now();
    if (!isRepeated) child.kill(signal);
  };
  process.on('SIGINT', forward).on('SIGTERM', forward).on('SIGHUP', forward);
  const exited = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      process.off('SIGINT', forward).off('SIGTERM', forward).off('SIGHUP', forward);
      if (child.connected) child.disconnect();
      resolve(code ?? 1);
    });
  });
  return { exited, stop: () => child.kill('SIGTERM'), hasSignal: () => Number.isFinite(lastSignalAt) };
}
