// Part of the JavaScript of a context (inside_node.cjs): TypeScript becomes JavaScript by esbuild, which the image has.
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const nodeModule = require('node:module');

const PLAIN = ['--loader=ts', '--log-level=error', '--color=false'];
// What a cell imports is for those behind it too, so that nothing of it may be left out.
const KEPT = JSON.stringify({
  compilerOptions: { verbatimModuleSyntax: true, preserveValueImports: true, isolatedModules: true },
});
const CELL = [...PLAIN, '--sourcemap=inline', `--tsconfig-raw=${KEPT}`];
const FILE = [
  '--bundle',
  '--platform=node',
  '--format=cjs',
  '--packages=external',
  '--log-level=error',
  '--color=false',
];
const ENDINGS = ['', '.ts', '.mts', '.cts', '.tsx', '/index.ts'];
const TYPED = /\.[mc]?tsx?$/;
const MESSAGE = /\[ERROR\] (.*)\n\n\s+\S*?:(\d+):(\d+):/;
const MAP = /(?:^|\n)\/\/# sourceMappingURL=data:application\/json;base64,([\w+/=]+)\s*$/;
const PLACE = /\bcell-(\d+):(\d+):(\d+)/g;
const MAX_BYTES = 256 << 20;
const MAX_MAPS = 256;

const { PATH } = process.env;
/** Where what each typed cell runs was written, by the number of the cell. */
const maps = new Map();

/** The JavaScript of a typed cell. Throws a SyntaxError, with its `place`, where it is no TypeScript. */
function withoutTypes(code, number) {
  const trimmed = code.trim();
  // An object between braces is a value, as in Node's REPL.
  if (trimmed.startsWith('{') && !trimmed.endsWith(';')) {
    try {
      return transform(`(${code}\n)`, number);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return transform(code, number);
}

function transform(code, number) {
  const text = esbuild(CELL, code);
  const map = MAP.exec(text);
  maps.set(number, new nodeModule.SourceMap(JSON.parse(Buffer.from(map[1], 'base64').toString())));
  if (maps.size > MAX_MAPS) maps.delete(maps.keys().next().value);
  return text.slice(0, map.index);
}

function esbuild(options, input) {
  const { error, status, stdout, stderr } = spawnSync('esbuild', options, {
    input,
    encoding: 'utf8',
    maxBuffer: MAX_BYTES,
    env: { PATH },
  });
  if (error?.code === 'ENOENT') throw new Error('The image of this sandbox has no esbuild, which TypeScript needs.');
  if (error) throw error;
  if (status === 0) return stdout;
  const [, message, line, column] = MESSAGE.exec(stderr) ?? [null, stderr.trim(), 1, 0];
  const failure = new SyntaxError(message);
  failure.stack = `SyntaxError: ${message}`;
  Object.defineProperty(failure, 'place', { value: { lineNumber: line - 1, columnNumber: Number(column) } });
  throw failure;
}

/** A stack with the places where its cells were written. */
function toWrittenPlaces(stack) {
  if (maps.size === 0) return stack;
  return stack.replace(PLACE, (place, number, line, column) => {
    const found = maps.get(Number(number))?.findEntry(line - 1, column - 1);
    return found?.originalLine === undefined
      ? place
      : `cell-${number}:${found.originalLine + 1}:${found.originalColumn + 1}`;
  });
}

/** The file of TypeScript that this path means, with or without its ending; undefined where there is none. */
function findTyped(name) {
  const names = ENDINGS.map((ending) => name + ending).concat(name.replace(/\.([mc]?)js$/, '.$1ts'));
  return names.find((each) => TYPED.test(each) && fs.existsSync(each));
}

/** Lets `require` load files of TypeScript with what they import from their folder. */
function defineTyped() {
  for (const ending of ['.ts', '.mts', '.cts', '.tsx']) {
    nodeModule._extensions[ending] ??= (module, file) => module._compile(esbuild([...FILE, file], ''), file);
  }
}

module.exports = { defineTyped, findTyped, toWrittenPlaces, withoutTypes };
