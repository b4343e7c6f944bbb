// `npm run down`: stops all sandboxes of the data folder, whose server must have ended; --all also removes what `npm run up` made.
import { parseArgs } from 'node:util';
import { counted } from './lib/counted.mjs';
import {
  containersOf,
  dataFolderOf,
  instanceOf,
  keepDataFolder,
  requireNoServer,
  stopContainers,
  unmountDisks,
} from './lib/data-folder.mjs';
import { readEnvironment } from './lib/environment.mjs';
import { Failure, runScript } from './lib/failure.mjs';
import { removePlace } from './lib/incus/place.mjs';
import { capture } from './lib/run.mjs';
import { removeService } from './lib/service.mjs';
import { print } from './lib/terminal.mjs';

const IMAGES = ['clara-sandbox', 'clara-sandbox-base', 'clara-sandbox-api'];
const DOCKER_MS = 300_000;

await runScript(async () => {
  const isAll = readArguments();
  const env = readEnvironment();
  await requireNoServer(env);
  const dataDir = dataFolderOf(env);
  keepDataFolder(dataDir);
  const instance = instanceOf(dataDir);
  const running = instance ? await containersOf(instance, { isRunningOnly: true }) : [];
  await stopContainers(running);
  await unmountDisks(dataDir);
  print(`Stopped ${counted(running.length, 'sandbox', 'sandboxes')}; all files are in ${dataDir}.`);
  if (!isAll) return 0;

  const left = instance ? await containersOf(instance) : [];
  for (const id of left) await docker(['rm', '--force', id]);
  const images = await imagesOfOurs();
  for (const id of images) await docker(['image', 'rm', '--force', id]);
  const hadIncus = await removePlace();
  const service = await removeService();
  print(
    `Removed ${counted(left.length, 'container', 'containers')} and ${counted(images.length, 'image', 'images')}${hadIncus ? ', and the project and the pool of Incus' : ''}${service ? `, and the service ${service}` : ''}.`,
    'What stays, with how to remove it:',
    `  the files of all users: rm -rf ${dataDir}`,
    '  the Docker engine and the other packages that npm run up installed: apt-get remove docker.io docker-compose debootstrap',
    '  the rules of the firewall that network bridge needs: iptables -D DOCKER-USER -j CLARA-SANDBOX, and the same for INPUT',
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

async function imagesOfOurs() {
  const found = await Promise.all(IMAGES.map((name) => docker(['image', 'ls', '--quiet', '--no-trunc', name])));
  return [...new Set(found.flatMap((text) => text.split('\n').filter((id) => id !== '')))];
}

/** @param {string[]} args */
async function docker(args) {
  const { code, stdout, stderr } = await capture('docker', args, { timeoutMs: DOCKER_MS });
  if (code !== 0) throw new Failure(`docker ${args.join(' ')} failed: ${stderr.trim()}`);
  return stdout;
}
