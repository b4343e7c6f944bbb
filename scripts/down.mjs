// `npm run down`: stops all sandboxes of the data folder, whose server must have ended; --all also removes what `npm run up` made.
import { parseArgs } from 'node:util';
import { counted } from './lib/counted.mjs';
import { dataFolderOf, keepDataFolder, requireNoServer, unmountDisks } from './lib/data-folder.mjs';
import { readEnvironment } from './lib/environment.mjs';
import { Failure, runScript } from './lib/failure.mjs';
import { removeFirewallRules } from './lib/firewall.mjs';
import { Incus } from './lib/incus/client.mjs';
import { removePlace } from './lib/incus/place.mjs';
import { capture } from './lib/run.mjs';
import { removeSandbox, sandboxesOf, stopSandbox } from './lib/sandboxes.mjs';
import { removeService, SERVICE } from './lib/service.mjs';
import { print } from './lib/terminal.mjs';

const IMAGES = ['clara-sandbox', 'clara-sandbox-base', 'clara-sandbox-api'];
const DOCKER_MS = 300_000;

await runScript(async () => {
  const isAll = readArguments();
  const env = readEnvironment();
  await requireNoServer(env);
  const dataDir = dataFolderOf(env);
  keepDataFolder(dataDir);
  const all = await sandboxesOf(dataDir, env);
  const running = all.filter(({ isRunning }) => isRunning);
  for (const sandbox of running) await stopSandbox(sandbox);
  await unmountDisks(dataDir);
  print(`Stopped ${counted(running.length, 'sandbox', 'sandboxes')}; all files are in ${dataDir}.`);
  if (!isAll) return 0;

  for (const sandbox of all) await removeSandbox(sandbox);
  const { removed, kept } = await removeImages();
  const named = new Incus(env);
  const incus = await removePlace(named);
  const service = await removeService();
  const rules = await removeFirewallRules();
  print(
    `Removed ${counted(all.length, 'container', 'containers')} and ${counted(removed, 'image', 'images')}${incus === 'removed' ? ', and the project and the pool of Incus' : ''}${service === 'removed' ? `, and the service ${SERVICE}` : ''}.`,
    'What stays, with how to remove it:',
    ...(kept > 0
      ? [`  ${counted(kept, 'image', 'images')} that containers of others are made of: the same command there`]
      : []),
    ...(incus === 'used'
      ? ['  the project and the pool of Incus, in which others have sandboxes: the same command there']
      : []),
    ...(incus === 'named' ? [`  the project ${named.project} of Incus, which may hold more than sandboxes`] : []),
    ...(service === 'used'
      ? [`  the service ${SERVICE}, which runs the server of another folder: the same command there`]
      : []),
    `  the files of all users: rm -rf ${dataDir}`,
    '  the Docker engine and the other packages that npm run up installed: apt-get remove docker.io docker-compose debootstrap',
    ...(rules === 'used'
      ? ['  the rules of the firewall, which sandboxes of others need: the same command there']
      : []),
    ...(rules === 'kept'
      ? ['  the rules of the firewall, if network bridge has needed any: the same command as root']
      : []),
    '  this folder, with .env and the keys in it',
  );
  return 0;
});

function readArguments() {
  try {
    return parseArgs({ options: { all: { type: 'boolean' } } }).values.all === true;
  } catch {
    throw new Failure('Usage: npm run down [-- --all]');
  }
}

/** Removes the images that were built here, save those that somebody's containers need. */
async function removeImages() {
  // A folder that Incus alone has run is no reason to ask for Docker.
  if ((await capture('docker', ['version'], { timeoutMs: DOCKER_MS })).code !== 0) return { removed: 0, kept: 0 };
  const found = await Promise.all(IMAGES.map((name) => docker(['image', 'ls', '--quiet', '--no-trunc', name])));
  const ids = new Set(found.flatMap((text) => text.split('\n').filter((id) => id !== '')));
  let kept = 0;
  for (const id of ids) {
    if ((await docker(['ps', '--all', '--quiet', '--filter', `ancestor=${id}`])) !== '') kept += 1;
    else await docker(['image', 'rm', '--force', id]);
  }
  return { removed: ids.size - kept, kept };
}

/** @param {string[]} args */
async function docker(args) {
  const { code, stdout, stderr } = await capture('docker', args, { timeoutMs: DOCKER_MS });
  if (code !== 0) throw new Failure(`docker ${args.join(' ')} failed: ${stderr.trim()}`);
  return stdout;
}
