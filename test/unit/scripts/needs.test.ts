import { expect, it } from 'vitest';

const { needsOf } = await import(new URL('../../../scripts/lib/prepare.mjs', import.meta.url).href);
const { settledMode } = await import(new URL('../../../scripts/lib/mode.mjs', import.meta.url).href);

const FAR = { INCUS_REMOTE: 'https://node1.example:8443' };
const NOTHING = { needsEngine: false, needsSandboxImage: false, needsIncus: false };
const DOCKER = { needsEngine: true, needsSandboxImage: true, needsIncus: false };

it.each([
  [{ SANDBOX_MODE: 'docker' }, DOCKER],
  [
    { SANDBOX_MODE: 'docker', SANDBOX_IMAGE: 'team/own:1' },
    { ...DOCKER, needsSandboxImage: false },
  ],
  [{ SANDBOX_MODE: 'remote' }, NOTHING],
  [{ SANDBOX_MODE: 'incus' }, { ...DOCKER, needsIncus: true }],
  [
    { SANDBOX_MODE: 'incus', INCUS_REMOTE: '/run/incus.sock' },
    { ...DOCKER, needsIncus: true },
  ],
  [{ SANDBOX_MODE: 'incus-vm' }, { ...NOTHING, needsIncus: true, needsMachines: true }],
  [{ SANDBOX_MODE: 'incus', ...FAR }, NOTHING],
  [{ SANDBOX_MODE: 'incus-vm', ...FAR }, NOTHING],
])('npm run up and npm run service bring to this machine what %j needs there', (env, needs) => {
  expect(needsOf(env, settledMode(env))).toMatchObject(needs);
});
