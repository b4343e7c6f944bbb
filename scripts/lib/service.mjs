import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './paths.mjs';
import { capture } from './run.mjs';

/** The unit of systemd that runs the server. */
export const SERVICE = 'clara-sandbox.service';

/** Where the unit lies. */
export const UNIT_FILE = `/etc/systemd/system/${SERVICE}`;

const SYSTEMCTL_MS = 60_000;

/** True where systemd runs this machine. */
export function hasSystemd() {
  return existsSync('/run/systemd/system');
}

/**
 * The unit: the server of this checkout, as root, since it mounts disks for the engine. Nothing in it gives the service a mount
 * namespace of its own: the engine would not see what is mounted there.
 * @param {string} [root]
 */
export function toUnit(root = ROOT) {
  return `[Unit]
Description=Clara Sandbox
After=network-online.target docker.service incus.service
Wants=network-online.target docker.service

[Service]
Type=simple
WorkingDirectory=${root.replaceAll('%', '%%')}
ExecStart=${escapeUnit(process.execPath)} ${escapeUnit(join(root, 'dist', 'main.js'))}
Restart=on-failure
RestartSec=2
TimeoutStopSec=30
KillMode=process
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
`;
}

/** True where systemd runs the server already. */
export async function isServiceActive() {
  return (await capture('systemctl', ['is-active', '--quiet', SERVICE], { timeoutMs: SYSTEMCTL_MS })).code === 0;
}

/**
 * Writes the unit and has systemd run what is built now, at once and with the machine; what it runs of an earlier build ends.
 * @param {{unitFile?: string, systemctl?: (...args: string[]) => Promise<void>}} [machine]
 */
export async function installService({ unitFile = UNIT_FILE, systemctl: ask = systemctl } = {}) {
  writeFileSync(unitFile, toUnit());
  await ask('daemon-reload');
  await ask('enable', SERVICE);
  await ask('restart', SERVICE);
}

/**
 * Stops the service of this checkout and removes its unit: `used` where another one has it.
 * @param {{unitFile?: string, systemctl?: (...args: string[]) => Promise<void>}} [machine]
 * @returns {Promise<'absent' | 'used' | 'removed'>}
 */
export async function removeService({ unitFile = UNIT_FILE, systemctl: ask = whereSystemdRuns } = {}) {
  if (!existsSync(unitFile)) return 'absent';
  const program = `${escapeUnit(join(ROOT, 'dist', 'main.js'))}\n`;
  if (!readFileSync(unitFile, 'utf8').includes(` ${program}`)) return 'used';
  await ask('disable', '--now', SERVICE);
  rmSync(unitFile);
  await ask('daemon-reload');
  return 'removed';
}

/** @param {string[]} args */
async function whereSystemdRuns(...args) {
  if (hasSystemd()) await systemctl(...args);
}

/** @param {string[]} args */
async function systemctl(...args) {
  const { code, stderr } = await capture('systemctl', args, { timeoutMs: SYSTEMCTL_MS });
  if (code !== 0) throw new Error(`systemctl ${args.join(' ')} failed: ${stderr.trim()}`);
}

/**
 * A word of a command line; the value of a path has no such escapes but those of percent signs.
 * @param {string} path
 */
function escapeUnit(path) {
  return path.replaceAll('\\', '\\\\').replaceAll('%', '%%').replaceAll(' ', '\\x20');
}
