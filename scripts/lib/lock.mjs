import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { print } from './terminal.mjs';

// One lock a user and machine: the engine and its images are shared by every checkout.
const LOCK_PATH = join(tmpdir(), `clara-sandbox-setup-${process.getuid?.() ?? 0}.lock`);
const POLL_MS = 200;
const HEARTBEAT_MS = 5_000;
const STALE_MS = 60_000;
const SETTLE_MS = 50;

/**
 * Does the preparation while no other run on this machine prepares; waits for one that does.
 * A lock whose owner is gone is taken over.
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withSetupLock(work) {
  const token = `${process.pid} ${randomUUID()}`;
  await acquire(token);
  const heartbeat = setInterval(() => utimesSync(LOCK_PATH, new Date(), new Date()), HEARTBEAT_MS);
  const release = () => {
    if (readOwner() === token) rmSync(LOCK_PATH, { force: true });
  };
  process.once('exit', release);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    process.off('exit', release);
    release();
  }
}

/** @param {string} token */
async function acquire(token) {
  let hasSaidSo = false;
  while (!(await tryAcquire(token))) {
    if (!hasSaidSo) print('▸ Waiting for another run that prepares this machine …');
    hasSaidSo = true;
    await delay(POLL_MS);
  }
}

/** @param {string} token */
async function tryAcquire(token) {
  if (isStale()) setAside();
  try {
    writeFileSync(LOCK_PATH, token, { flag: 'wx' });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
  // Another run that judged the old lock stale may set this one aside: whoever still has it then owns it.
  await delay(SETTLE_MS);
  return readOwner() === token;
}

function isStale() {
  try {
    if (Date.now() - statSync(LOCK_PATH).mtimeMs > STALE_MS) return true;
    const pid = Number.parseInt(readOwner() ?? '', 10);
    return Number.isInteger(pid) && !isRunning(pid);
  } catch {
    return false;
  }
}

function setAside() {
  const aside = `${LOCK_PATH}.${randomUUID()}`;
  try {
    renameSync(LOCK_PATH, aside);
    rmSync(aside);
  } catch {
    // Another run was faster.
  }
}

/** @param {number} pid */
function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function readOwner() {
  try {
    return readFileSync(LOCK_PATH, 'utf8');
  } catch {
    return undefined;
  }
}
