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
    // Errors, unused and undefined names, whitespace, likely bugs, annotations, what can be said more simply, and a sentence on each
    // package, module, class and function that others use.
    select: ['E', 'F', 'W', 'B', 'ANN', 'C4', 'PIE', 'PLE', 'RUF100', 'D100', 'D101', 'D103', 'D104'],
    // Values of JSON are Any; patterns, comments and what tests send may be long; what a fresh interpreter has must be noted
    // before the next import; what is done in a loop is done before it goes on.
    ignore: ['ANN401', 'E402', 'E501', 'B023'],
  },
};

/** Where the functions are annotated, and what is not: what every Python of a sandbox reads at its start. */
const ANNOTATED = ['agent', 'clients/python'];
const PLAIN = ['agent/clara_agent/python/sources.py', 'images/sandbox'];

/** Says by its names what it tests. */
const TEST = /\/tests\//;

/**
 * What the rules find in the Python of the repository.
 * @returns {PythonFinding[]}
 */
export function lintPython() {
  const annotated = workspaceWithout();
  const tests = workspaceWithout((rule) => rule.startsWith('D'));
  // Parts that run one after the other in one namespace name what the others define.
  const plain = workspaceWithout((rule) => rule === 'ANN', ['F821']);
  const isPlain = (/** @type {string} */ file) => PLAIN.some((path) => file === path || file.startsWith(`${path}/`));
  const isBelow = (/** @type {string} */ path) => ANNOTATED.some((folder) => path.startsWith(`${folder}/`));
  const files = [...ANNOTATED, ...PLAIN.filter((path) => !isBelow(path))].flatMap(pythonBelow);
  return files.flatMap((file) => findingsIn(file, TEST.test(file) ? tests : isPlain(file) ? plain : annotated));
}

/**
 * The rules but those that `isLeftOut` names and those that are ignored besides.
 * @param {(rule: string) => boolean} isLeftOut
 * @param {string[]} ignored
 */
function workspaceWithout(isLeftOut = () => false, ignored = []) {
  const { select, ignore } = RULES.lint;
  const lint = { select: select.filter((rule) => !isLeftOut(rule)), ignore: [...ignore, ...ignored] };
  return new Workspace({ ...RULES, lint }, PositionEncoding.Utf16);
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
