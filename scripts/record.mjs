// `npm run record`: types a few commands at a running server, as the README shows them, and writes what came as docs/recording.svg.
// Expects what the README's curl lines do: URL and KEY in the environment.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Failure, runScript } from './lib/failure.mjs';
import { ROOT } from './lib/paths.mjs';
import { toAnimation } from './lib/recording.mjs';
import { capture } from './lib/run.mjs';
import { print } from './lib/terminal.mjs';

const FILE = join(ROOT, 'docs', 'recording.svg');

const COMMANDS = [
  `curl -s -H "$H" -H "$J" $URL/sandbox/demo/execute -d '{"code": "print(1 + 1)"}'`,
  `curl -s -H "$H" -H "$J" $URL/sandbox/demo/shell -d '{"command": "whoami; nproc; df -h /workspace | tail -1"}'`,
  `curl -sN -H "$H" -H "$J" -H "Accept: application/x-ndjson" $URL/sandbox/demo/shell -d '{"command": "seq 3"}'`,
  `curl -s -H "$H" -H "$J" $URL/sandbox/demo/processes -d '{"command": "python3 -m http.server", "name": "web"}'`,
];

await runScript(async () => {
  const { URL, KEY } = process.env;
  if (!URL || !KEY) throw new Failure('Set URL and KEY, as in the README, to a server that runs.');
  const env = { ...process.env, H: `X-API-Key: ${KEY}`, J: 'Content-Type: application/json' };
  const steps = [];
  for (const command of COMMANDS) {
    const startedAtMs = performance.now();
    const { code, stdout, stderr } = await capture('bash', ['-o', 'pipefail', '-c', command], {
      env,
      timeoutMs: 30_000,
    });
    if (code !== 0 || stdout === '') throw new Failure(`This command failed: ${command}\n${stderr}`);
    steps.push({ command, output: stdout.trimEnd(), tookMs: performance.now() - startedAtMs });
  }
  writeFileSync(FILE, toAnimation(steps));
  print(`▸ Wrote ${FILE}.`);
  return 0;
});
