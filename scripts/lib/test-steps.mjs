import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localProgram, ROOT } from './paths.mjs';
import { SYSTEM_PYTHON } from './python-packages.mjs';
import { capture, runVisibly } from './run.mjs';
import { SANDBOX_IMAGE } from './sandbox-image.mjs';

/** @typedef {{passed: number, failed: number}} Count */

const CHECKS = [
  { name: 'biome', args: ['check'] },
  { name: 'tsc', args: ['--noEmit'] },
  { name: 'tsc', args: ['-p', 'clients/typescript', '--noEmit'] },
  { name: 'knip', args: [] },
  { name: 'jscpd', args: ['--config', '.jscpd.json'] },
  { name: 'redocly', args: ['lint', 'docs/openapi.json'] },
  { name: 'pyright', args: [] },
  { name: 'pyright', args: ['-p', 'clients/python', '--pythonpath', SYSTEM_PYTHON] },
];
const PYTHON_LINT = 'scripts/lint-python.mjs';
const AGENT_TESTS = ['-m', 'unittest', 'discover', '-s', 'agent/tests'];

/** Redocly's linter asks nobody and tells nobody anything. */
const QUIET = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };

/**
 * Lint, types, dead code, copies between dialects and the OpenAPI document, of TypeScript and of Python; each step that fails counts as one failed test, one that passes as none.
 * @returns {Promise<Count>}
 */
export async function runChecks() {
  let failed = 0;
  for (const { name, args } of CHECKS) {
    announce([name, ...args].join(' '));
    if ((await runVisibly(localProgram(name), args, { cwd: ROOT, env: { ...process.env, ...QUIET } })) !== 0)
      failed += 1;
  }
  announce(PYTHON_LINT);
  if ((await runVisibly(process.execPath, [PYTHON_LINT], { cwd: ROOT })) !== 0) failed += 1;
  return { passed: 0, failed };
}

/**
 * The agent's own tests, with this machine's Python or else the sandbox image's.
 * @returns {Promise<Count>}
 */
export async function runAgentTests() {
  announce('unittest agent/tests');
  const isRecentEnough = 'import sys; sys.exit(sys.version_info < (3, 8))';
  const hasPython = (await capture('python3', ['-c', isRecentEnough])).code === 0;
  const inImage = ['run', '--rm', '--init', '--volume', `${ROOT}:/source:ro`, '--workdir', '/source', SANDBOX_IMAGE];
  const output = hasPython
    ? await runEchoed('python3', AGENT_TESTS)
    : await runEchoed('docker', [...inImage, 'python3', '-B', ...AGENT_TESTS]);
  return countUnittest(output.text, output.code);
}

/**
 * Counts from the last lines of unittest's report.
 * @param {string} text
 * @param {number} code
 * @returns {Count}
 */
function countUnittest(text, code) {
  const total = Number(/^Ran (\d+) tests?/m.exec(text)?.[1] ?? 0);
  const skipped = Number(/skipped=(\d+)/.exec(text)?.[1] ?? 0);
  const named = [...text.matchAll(/(?:failures|errors|unexpected successes)=(\d+)/g)];
  const failed = named.reduce((sum, match) => sum + Number(match[1]), 0);
  // A run that dies before its report, or that finds no test, has failed as well.
  const isBroken = (code !== 0 && failed === 0) || total === 0;
  return { passed: Math.max(0, total - failed - skipped), failed: isBroken ? 1 : failed };
}

/**
 * @param {string[]} args passed on to vitest
 * @returns {Promise<Count>}
 */
export async function runVitest(args) {
  announce(['vitest run', ...args].join(' '));
  const folder = mkdtempSync(join(tmpdir(), 'clara-sandbox-vitest-'));
  const reportPath = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`];
    const code = await runVisibly(localProgram('vitest'), ['run', ...reporters, ...args], { cwd: ROOT });
    return countVitest(existsSync(reportPath) ? JSON.parse(readFileSync(reportPath, 'utf8')) : undefined, code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {{numPassedTests: number, numFailedTests: number, testResults: {status: string, assertionResults: {status: string}[]}[]} | undefined} report
 * @param {number} code
 * @returns {Count}
 */
function countVitest(report, code) {
  if (!report) return { passed: 0, failed: 1 };
  // A file that cannot be loaded or prepared fails without a test of its own that does.
  const broken = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  const failed = report.numFailedTests + broken.length;
  return { passed: report.numPassedTests, failed: code !== 0 && failed === 0 ? 1 : failed };
}

/**
 * Runs a command in the repository, showing and keeping what it prints.
 * @param {string} command
 * @param {string[]} args
 * @returns {Promise<{code: number, text: string}>}
 */
function runEchoed(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (part) => {
        text += part;
        process.stdout.write(part);
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, text }));
  });
}

/** @param {string} title */
function announce(title) {
  process.stdout.write(`\n▸ ${title}\n`);
}
