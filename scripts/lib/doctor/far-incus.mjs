import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { compiled } from '../compiled.mjs';
import { DEFAULT_DATA_DIR } from '../data-folder.mjs';
import { fail, ok } from './finding.mjs';
import { withoutEmpty } from './settings.mjs';

const WHAT = 'Incus';
const MEMBERS = 'members of the cluster';
const MEND_MEMBERS =
  'Start Incus there, and let this machine reach each member at the address that incus cluster list shows; docs/scaling.md says what is lost meanwhile.';
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
    return [
      ok(WHAT, `Version ${version} answers, has the project, and trusts this server.`),
      ...(await checkMembers(engine)),
      await checkImage(engine, image),
    ];
  } finally {
    await engine.close();
  }
}

/** Which members of a cluster answer; nothing where it is none. */
async function checkMembers(engine) {
  const machines = await engine.machines();
  if (machines.length === 0) return [];
  const namesOf = (answers) => machines.filter((one) => one.answers === answers).map(({ name }) => name);
  const there = namesOf(true).join(', ');
  const away = namesOf(false).join(', ');
  if (away === '') return [ok(MEMBERS, `All answer: ${there}.`)];
  const means = `No answer from ${away}, so sandboxes there are away. ${there === '' ? 'None answers.' : `There is one from ${there}.`}`;
  return [fail(MEMBERS, means, MEND_MEMBERS)];
}

async function checkImage(engine, image) {
  if ((await engine.imageId(image)) !== null) return ok('image of Incus', `It has ${image}.`);
  if (engine.traits.images.isServed(image)) return ok('image of Incus', notYet(image));
  return fail('image of Incus', `It has no image ${image}, so no sandbox can be made.`, THERE);
}

/**
 * What is said of an image of an image server that is not there yet.
 * @param {string} image
 */
export function notYet(image) {
  return `It has no ${image} yet, and loads it when the first sandbox needs it.`;
}
