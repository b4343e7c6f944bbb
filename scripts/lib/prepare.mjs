import { ensureBuild } from './build.mjs';
import { ensureChromium } from './chromium.mjs';
import { ensureCompose } from './compose.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { ensureEngine } from './engine.mjs';
import { Incus } from './incus/client.mjs';
import { setUpIncus } from './incus/set-up.mjs';
import { withSetupLock } from './lock.mjs';
import { dockerImageOf } from './mode.mjs';
import { ensurePrometheus } from './prometheus.mjs';
import { ensurePythonPackages } from './python-packages.mjs';
import { ensureSandboxImage, SANDBOX_IMAGE } from './sandbox-image.mjs';

/**
 * Brings this machine and checkout to where the server can run: engine, packages, build, sandbox image.
 * What is there already is left alone; runs at the same time wait for each other.
 * @param {NodeJS.ProcessEnv} env
 * @param {{needsSandboxImage: boolean, needsEngine?: boolean, needsCompose?: boolean, needsChromium?: boolean, needsPythonPackages?: boolean, needsPrometheus?: boolean, needsIncus?: boolean, needsMachines?: boolean}} options
 */
export async function prepare(env, options) {
  const {
    needsSandboxImage,
    needsEngine = true,
    needsCompose = false,
    needsChromium = false,
    needsPythonPackages = false,
    needsPrometheus = false,
    needsIncus = false,
    needsMachines = false,
  } = options;
  await withSetupLock(async () => {
    if (needsEngine) await ensureEngine(env);
    if (needsCompose) await ensureCompose();
    if (needsChromium) await ensureChromium();
    if (needsPythonPackages) await ensurePythonPackages();
    if (needsPrometheus) await ensurePrometheus();
    await ensureDependencies();
    await ensureBuild();
    if (needsSandboxImage) await ensureSandboxImage(env);
    if (needsIncus) await setUpIncus(new Incus(env), { hasMachines: needsMachines });
  });
}

/**
 * What a server of this mode needs of this machine. Containers of Incus get the image that Docker builds; virtual machines have one of
 * their operator's; on other machines all of it is theirs.
 * @param {NodeJS.ProcessEnv} env
 * @param {import('./mode.mjs').Mode} mode
 */
export function needsOf(env, mode) {
  const isIncus = mode === 'incus' || mode === 'incus-vm';
  const needsIncus = isIncus && !new Incus(env).isFar;
  const hasContainers = mode === 'docker' || (mode === 'incus' && needsIncus);
  return {
    needsEngine: hasContainers,
    needsSandboxImage: hasContainers && (mode === 'incus' || dockerImageOf(env) === SANDBOX_IMAGE),
    needsIncus,
    needsMachines: mode === 'incus-vm',
  };
}
