// Makes an API key for one client: prints the key once, and the entry for SANDBOX_API_KEYS, which holds only its hash.
import { createHash, randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { e2bExports } from './lib/e2b-exports.mjs';
import { Failure, runScript } from './lib/failure.mjs';
import { print } from './lib/terminal.mjs';

const USAGE =
  'npm run key -- <name> [--prefix discord-] [--sandboxes 20] [--disk 100g] [--rate 50] [--burst 100] [--e2b] [--gateway]';

const COUNT = /^[1-9]\d{0,6}$/;

/** @type {Record<string, RegExp>} */
const FORM = { prefix: /^[^\s,;]+$/, disk: /^\d+(?:\.\d+)?[kmgt]?$/i };

await runScript(async () => {
  const { name, settings, isE2b, isGateway } = readArguments();
  const key = isE2b ? `e2b_${randomBytes(20).toString('hex')}` : `cs_${randomBytes(32).toString('base64url')}`;
  const hash = createHash('sha256').update(key).digest('hex');
  const parts = [`${name}:sha256:${hash}`, ...settings.map(([word, value]) => `${word}=${value}`)];
  if (isGateway) parts.push('gateway');
  const entry = parts.join(';');
  print(`The key of ${name}, which is shown only now:\n\n  ${key}\n`);
  print(
    `The entry for SANDBOX_API_KEYS in .env; put a comma between entries, then restart the server:\n\n  ${entry}\n`,
  );
  if (isE2b)
    print(
      `For the E2B SDKs, with the address of the server:\n\n  ${e2bExports('http://localhost:8080', key).join('\n  ')}\n`,
    );
  return 0;
});

function readArguments() {
  const option = /** @type {const} */ ({ type: 'string' });
  try {
    const options = { prefix: option, sandboxes: option, disk: option, rate: option, burst: option };
    const { values: given, positionals } = parseArgs({
      options: { ...options, e2b: { type: 'boolean' }, gateway: { type: 'boolean' } },
      allowPositionals: true,
    });
    const { e2b: isE2b = false, gateway: isGateway = false, ...values } = given;
    const [name = '', ...more] = positionals;
    const settings = Object.entries(values);
    const isValid =
      more.length === 0 &&
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name) &&
      settings.every(([word, value]) => (FORM[word] ?? COUNT).test(value));
    if (isValid && name !== 'master') return { name, settings, isE2b, isGateway };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  throw new Failure(
    `Usage: ${USAGE}\nA name has letters, digits, dots, dashes and underscores, and is not master; a prefix has no spaces, commas or semicolons.`,
  );
}
