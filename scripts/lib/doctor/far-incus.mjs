import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { compiled } from '../compiled.mjs';
import { DEFAULT_DATA_DIR } from '../data-folder.mjs';
import { fail, ok } from './finding.mjs';
import { withoutEmpty } from './settings.mjs';

const WHAT = 'Incus';
const THERE = 'docs/incus.md says what has to be on other machines (Other machines and clusters).';

/**
 * Incus of other machines, asked by the server's own code with the trust that it has there.
 * @param {NodeJS.ProcessEnv} env
 * @param {import('../mode.mjs').Mode} mode
 * @returns {Promise<import('./finding.mjs').Finding[]>}
 */
export async function checkFarIncus(env, mode) {
  const config = await compiled('config/config.js');
  const engines = await compiled('modes/open-engine.js');
  if (!config || !engines) return [ok(WHAT, `It is asked at ${env.INCUS_REMOTE} once the server is built.`)];
  // The token is good once, which is the server's.
  const trusted = join(env.SANDBOX_DATA_DIR || DEFAULT_DATA_DIR, 'incus', 'server.crt');
  if (env.INCUS_TRUST_TOKEN && !existsSync(trusted))
    return [ok(WHAT, `It is asked at ${env.INCUS_REMOTE} once the server has shown INCUS_TRUST_TOKEN there.`)];
  try {
    const { incus, image } = config.parseConfig({ SANDBOX_API_KEY: 'made-by-npm-run-up', ...withoutEmpty(env) }, mode);
    return await ask(engines.openEngine(mode, { ...incus, trustToken: null }), image);
  } catch (error) {
    if (error?.name !== 'SandboxError' && error?.name !== 'ConfigError') throw error;
    return [fail(WHAT, error.message, `Correct INCUS_REMOTE; ${THERE}`)];
  }
}

async function ask(engine, image) {
  try {
    const { version } = await engine.info();
    const answers = ok(WHAT, `Version ${version} answers, has the project, and trusts this server.`);
    if ((await engine.imageId(image)) !== null) return [answers, ok('image of Incus', `It has ${image}.`)];
    return [answers, fail('image of Incus', `It has no image ${image}, so no sandbox can be made.`, THERE)];
  } finally {
    await engine.close();
  }
}
