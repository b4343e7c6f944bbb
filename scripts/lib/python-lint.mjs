import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PositionEncoding, Workspace } from '@astral-sh/ruff-wasm-nodejs';
import { ROOT } from './paths.mjs';

/** @typedef {{file: string, row: number, column: number, code: string, message: string}} PythonFinding */

/** Sandboxes may have an old Python, and what a line says has to fit beside another. */
const RULES = {
  'target-version': 'py38',
  'line-length': 160,
  lint: {
    // Errors, unused and undefined names, whitespace, likely bugs, annotations, and what can be said more simply.
    select: ['E', 'F', 'W', 'B', 'ANN', 'C4', 'PIE', 'PLE', 'RUF100'],
    // Values of JSON are Any; patterns, comments and what tests send may be long; what a fresh interpreter has must be noted
    // before the next import; what is done in a loop is done before it goes on.
    ignore: ['ANN401', 'E402', 'E501', 'B023'],
  },
};

/** Where the functions are annotated, and what is not: what every Python of a sandbox reads at its start. */
const ANNOTATED = ['agent', 'clients/python'];
const PLAIN = ['agent/clara_agent/python/sources.py', 'images/sandbox'];

/**
 * What the rules find in the Python of the repository.
 * @returns {PythonFinding[]}
 */
export function lintPython() {
  const annotated = new Workspace(RULES, PositionEncoding.Utf16);
  const { select, ignore } = RULES.lint;
  // Parts that run one after the other in one namespace name what the others define.
  const lint = { select: select.filter((rule) => rule !== 'ANN'), ignore: [...ignore, 'F821'] };
  const plain = new Workspace({ ...RULES, lint }, PositionEncoding.Utf16);
  const isPlain = (/** @type {string} */ file) => PLAIN.some((path) => file === path || file.startsWith(`${path}/`));
  const isBelow = (/** @type {string} */ path) => ANNOTATED.some((folder) => path.startsWith(`${folder}/`));
  const files = [...ANNOTATED, ...PLAIN.filter((path) => !isBelow(path))].flatMap(pythonBelow);
  return files.flatMap((file) => findingsIn(file, isPlain(file) ? plain : annotated));
}

/**
 * Paths below the repository, in order.
 * @param {string} folder
 * @returns {string[]}
 */
function pythonBelow(folder) {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.py'))
    .sort()
    .map((name) => join(folder, name));
}

/**
 * @param {string} file
 * @param {Workspace} workspace
 * @returns {PythonFinding[]}
 */
function findingsIn(file, workspace) {
  /** @type {import('@astral-sh/ruff-wasm-nodejs').Diagnostic[]} */
  const diagnostics = workspace.check(readFileSync(join(ROOT, file), 'utf8'));
  return diagnostics.map(({ code, message, start_location }) => ({
    file,
    row: start_location.row,
    column: start_location.column,
    code: code ?? 'syntax',
    message,
  }));
}
