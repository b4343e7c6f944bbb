import { engineNoteOf, instanceOf } from './data-folder.mjs';
import { Failure } from './failure.mjs';
import { Incus } from './incus/client.mjs';
import { capture } from './run.mjs';

const CALL_MS = 120_000;

/** @typedef {'docker' | 'incus'} Local an engine of this machine */
/** @typedef {{engine: Local, id: string, incus?: Incus, isRunning: boolean}} Made what an engine has made for a sandbox */

const FIND = { docker: findContainers, incus: findInstances };
const STOP = { docker: stopContainer, incus: stopInstance };
const REMOVE = { docker: removeContainer, incus: removeInstance };

/**
 * What the engines that have run the sandboxes of this data folder have of them; fails with a sentence where one does not answer.
 * @param {string} dataDir
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Made[]>}
 */
export async function sandboxesOf(dataDir, env) {
  const instance = instanceOf(dataDir);
  if (!instance) return [];
  const settings = withNotedIncus(dataDir, env);
  const engines = enginesOf(dataDir, settings);
  return (await Promise.all(engines.map(async (engine) => await FIND[engine](instance, settings)))).flat();
}

/**
 * Stops what runs, paused ones too; the files stay.
 * @param {Made} made
 */
export async function stopSandbox(made) {
  await STOP[made.engine](made);
}

/**
 * Removes what an engine has made; the files stay.
 * @param {Made} made
 */
export async function removeSandbox(made) {
  await REMOVE[made.engine](made);
}

/**
 * The settings with the Incus that the data folder names: its sandboxes are there, also where no server has started with another one yet.
 * @param {string} dataDir
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
export function withNotedIncus(dataDir, env) {
  const noted = engineNoteOf(dataDir)?.incus;
  return noted ? { ...env, INCUS_REMOTE: noted.remote, INCUS_PROJECT: noted.project } : env;
}

/**
 * The engines of this machine that have run something of a data folder; Docker where it does not say.
 * @param {string} dataDir
 * @param {NodeJS.ProcessEnv} env
 * @returns {Local[]}
 */
function enginesOf(dataDir, env) {
  const used = engineNoteOf(dataDir)?.used ?? ['docker'];
  /** @type {Local[]} */
  const engines = used.includes('docker') ? ['docker'] : [];
  // On other machines it is theirs to stop and to remove.
  const { isFar } = new Incus(env);
  if (!isFar && used.some((name) => name === 'incus' || name === 'incus-vm')) engines.push('incus');
  return engines;
}

/**
 * @param {string} instance
 * @returns {Promise<Made[]>}
 */
async function findContainers(instance) {
  const args = ['ps', '--all', '--no-trunc', '--format', '{{.ID}} {{.State}}', '--filter'];
  const { code, stdout, stderr } = await capture('docker', [...args, `label=clara.instance=${instance}`], {
    timeoutMs: CALL_MS,
  });
  if (code !== 0) throw new Failure(`The Docker engine does not say which sandboxes run: ${stderr.trim()}`);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [id = '', state = ''] = line.split(' ');
    return { engine: 'docker', id, isRunning: ['running', 'paused', 'restarting'].includes(state) };
  });
}

/**
 * @param {string} instance
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Made[]>}
 */
async function findInstances(instance, env) {
  const incus = new Incus(env);
  /** @type {{name: string, status: string, config: Record<string, string>}[]} */
  const all = await incus.query(`/1.0/instances?project=${incus.project}&recursion=1`);
  const ours = all.filter(({ config }) => config['user.clara.label.clara.instance'] === instance);
  return ours.map(({ name, status }) => ({ engine: 'incus', id: name, incus, isRunning: status !== 'Stopped' }));
}

/** @param {Made} made */
async function stopContainer({ id }) {
  await capture('docker', ['unpause', id], { timeoutMs: CALL_MS });
  await docker('be stopped', ['stop', '--time', '2', id]);
}

/** @param {Made} made */
async function removeContainer({ id }) {
  await docker('be removed', ['rm', '--force', '--volumes', id]);
}

/** @param {Made} made */
async function stopInstance({ id, incus }) {
  const stop = async (/** @type {string[]} */ ...how) =>
    await incus.run(['stop', ...how, '--project', incus.project, id]);
  await stop('--timeout', '2').catch(() => stop('--force'));
}

/** @param {Made} made */
async function removeInstance({ id, incus }) {
  await incus.run(['delete', '--force', '--project', incus.project, id]);
}

/**
 * @param {string} aim completes the sentence "The sandbox … cannot …"
 * @param {string[]} args whose last is the container
 */
async function docker(aim, args) {
  const { code, stderr } = await capture('docker', args, { timeoutMs: CALL_MS });
  if (code !== 0) throw new Failure(`The sandbox ${args.at(-1)?.slice(0, 12)} cannot ${aim}: ${stderr.trim()}`);
}
