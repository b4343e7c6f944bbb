import { join } from 'node:path';
import { ensureBaseImage } from './base-image.mjs';
import { contentHash } from './content-hash.mjs';
import { findImage, SOURCE_HASH_LABEL } from './docker.mjs';
import { ROOT } from './paths.mjs';
import { runLogged } from './run.mjs';
import { stage } from './stage.mjs';

/** The image that sandboxes start from unless the configuration names another. */
export const SANDBOX_IMAGE = 'clara-sandbox:latest';

const DEFAULT_BASE_IMAGE = 'python:3.12-slim';
const BUILD_TIMEOUT_MS = 1_800_000;

/**
 * Builds the sandbox image where it is missing or made from another source or base.
 * @param {NodeJS.ProcessEnv} env SANDBOX_BASE_IMAGE names the base
 */
export async function ensureSandboxImage(env) {
  const wanted = env.SANDBOX_BASE_IMAGE || DEFAULT_BASE_IMAGE;
  const baseReference = await ensureBaseImage(wanted, { isDefault: wanted === DEFAULT_BASE_IMAGE });
  const base = await findImage(baseReference);
  const folder = join(ROOT, 'images', 'sandbox');
  const agent = ['bootstrap.py', 'clara_agent'].map((name) => join(ROOT, 'agent', name));
  const sourceHash = contentHash([folder, ...agent], [base?.id ?? '']);
  const image = await findImage(SANDBOX_IMAGE);
  if (image?.sourceHash === sourceHash) return;
  const args = [
    'build',
    '--tag',
    SANDBOX_IMAGE,
    '--file',
    join(folder, 'Dockerfile'),
    '--build-arg',
    `BASE_IMAGE=${baseReference}`,
    '--label',
    `${SOURCE_HASH_LABEL}=${sourceHash}`,
    ROOT,
  ];
  await stage(`Building ${SANDBOX_IMAGE} on ${baseReference} (some minutes the first time)`, () =>
    runLogged('build the sandbox image', 'docker', args, { timeoutMs: BUILD_TIMEOUT_MS }),
  );
}
