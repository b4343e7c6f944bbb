import { spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { Failure } from './failure.mjs';
import { printError } from './terminal.mjs';

const TAIL_LINES = 40;

/**
 * @typedef {{cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number, stdin?: import('node:stream').Readable,
 *   firstOutputTimeoutMs?: number}} RunOptions
 */

/**
 * Runs a command and gives back its exit code and output; never throws for a failing command.
 * A command that does not exist ends with code 127, one that runs past a deadline with 124.
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<{code: number, stdout: string, stderr: string}>}
 */
export function capture(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const isExpired = expireAfter(child, options.timeoutMs);
    const isSilent = expireAfter(child, options.firstOutputTimeoutMs, child.stdout);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.once('error', (error) => resolve({ code: 127, stdout, stderr: error.message }));
    child.once('close', (code) => resolve({ code: isExpired() || isSilent() ? 124 : (code ?? 1), stdout, stderr }));
  });
}

/**
 * Runs a command whose output only matters when it fails: it goes to a log file, and its end and
 * the log's path are in the error.
 * @param {string} purpose completes the sentence "Could not …"
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 */
export async function runLogged(purpose, command, args, options = {}) {
  const logPath = join(mkdtempSync(join(tmpdir(), 'clara-sandbox-log-')), 'output.log');
  const log = createWriteStream(logPath, { mode: 0o600 });
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: [options.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  if (options.stdin && child.stdin) {
    // A command that ends early closes its input; its exit code tells why.
    child.stdin.on('error', () => {});
    options.stdin.pipe(child.stdin);
  }
  const isExpired = expireAfter(child, options.timeoutMs);
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  const reason = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => {
      if (isExpired()) resolve(`it took longer than ${(options.timeoutMs ?? 0) / 1000} seconds`);
      else resolve(code === 0 ? undefined : `${command} ended with ${signal ?? `code ${code}`}`);
    });
  });
  log.end();
  await finished(log);
  if (reason === undefined) {
    rmSync(dirname(logPath), { recursive: true, force: true });
    return;
  }
  const tail = readFileSync(logPath, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
  throw new Failure(`Could not ${purpose}: ${reason}.\n${tail}\nThe whole output is in ${logPath}.`);
}

/**
 * Runs a command that shares this terminal and resolves to its exit code.
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<number>}
 */
export function runVisibly(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.once('error', (error) => {
      printError(`${command}: ${error.message}`);
      resolve(127);
    });
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/**
 * Ends a child that runs past a deadline; output on the given stream lifts the deadline.
 * @param {import('node:child_process').ChildProcess} child
 * @param {number | undefined} timeoutMs
 * @param {import('node:stream').Readable} [liftedBy]
 */
function expireAfter(child, timeoutMs, liftedBy) {
  let isExpired = false;
  if (timeoutMs !== undefined) {
    const timer = setTimeout(() => {
      isExpired = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.once('close', () => clearTimeout(timer));
    child.once('error', () => clearTimeout(timer));
    liftedBy?.once('data', () => clearTimeout(timer));
  }
  return () => isExpired;
}
