import { SandboxError } from '../base/errors.ts';
import type { Execution } from '../processes/executions.ts';
import type { CellExecution } from './cells.ts';
import type { ContextLanguage } from './languages.ts';

/** What holds for one call in a context and is put back after it. */
export interface CallScope {
  readonly cwd: string | null;
  readonly env: Readonly<Record<string, string>>;
}

/** Code that sets what holds for a call, and fails where its folder is not there; and code that puts it back, where that is still to be done. */
interface ScopeCode {
  readonly begin: string;
  readonly end: string;
}

/** The code of a scope in this language; null where the scope says nothing. */
export function toScopeCode(language: ContextLanguage, scope: CallScope): ScopeCode | null {
  if (scope.cwd === null && Object.keys(scope.env).length === 0) return null;
  return CODE[language](scope);
}

/** Runs the two parts of a scope. */
interface ScopeRunners {
  begin(code: string): Promise<CellExecution>;
  end(code: string): Promise<unknown>;
}

/** What is run between the two parts of a scope, of which the last is run whatever happens. Throws `unavailable`, and runs nothing, where the first fails. */
export async function* inScope<T>(
  { begin, end }: ScopeCode,
  runners: ScopeRunners,
  run: () => AsyncGenerator<T>,
): AsyncGenerator<T> {
  try {
    const { execution } = await runners.begin(begin);
    if (execution.exitCode !== 0) throw unsettled(execution);
    yield* run();
  } finally {
    await runners.end(end);
  }
}

function unsettled({ notice, stderr, timedOut }: Execution): SandboxError {
  const late = timedOut ? 'it took too long' : null;
  const reason = notice ?? late ?? (stderr.trim().split('\n').at(-1) || 'its interpreter failed');
  return new SandboxError(
    'unavailable',
    `What holds for this call alone could not be set, so nothing was run: ${reason}`,
  );
}

const PYTHON_BEGIN = `
import os, sys
saved = {name: os.environ.get(name) for name in env}
before = None
if cwd:
    try:
        before = os.getcwd()
    except OSError:
        pass
    os.chdir(cwd)
os.environ.update(env)
sys._call_scope = before, saved
`;

const PYTHON_END = `
import os, sys
before, saved = sys.__dict__.pop("_call_scope", (None, {}))
for name, value in saved.items():
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
try:
    if before:
        os.chdir(before)
except OSError:
    pass
`;

const NODE_BEGIN = `({ cwd, env }) => {
  const { process } = globalThis;
  const { env: own } = process;
  const saved = Object.keys(env).map((name) => [name, own[name]]);
  const before = cwd ? process.cwd() : null;
  if (cwd) process.chdir(cwd);
  Object.assign(own, env);
  globalThis[Symbol.for('call scope')] = { before, saved };
}`;

const NODE_END = `() => {
  const { process } = globalThis;
  const { env: own } = process;
  const key = Symbol.for('call scope');
  const { before, saved } = globalThis[key] ?? { before: null, saved: [] };
  delete globalThis[key];
  for (const [name, value] of saved) {
    if (value === undefined) delete own[name];
    else own[name] = value;
  }
  if (before !== null) process.chdir(before);
}`;

/** A failure of the folder is that of the code; nothing else fails, since that would end a shell with `set -e`. */
function toBash({ cwd, env }: CallScope): ScopeCode {
  const names = Object.keys(env);
  const values = Object.entries(env).map(([name, value]) => `${name}=${quote(value)}`);
  const [save, set, unset] = [
    names.length === 0 ? '' : `$(builtin declare -p ${names.join(' ')} 2>/dev/null)`,
    names.length === 0 ? '' : `builtin export ${values.join(' ')}`,
    names.length === 0 ? '' : `builtin unset -v ${names.join(' ')} || :`,
  ];
  const [enter, leave] = cwd === null ? ['', ''] : [`builtin cd -- ${quote(cwd)}`, BASH_LEAVE];
  return {
    begin: [
      `__call_cwd=$PWD __call_before=\${OLDPWD-}`,
      `__call_saved=${save} || :`,
      [enter, set].filter((command) => command !== '').join(' && '),
    ].join('\n'),
    end: [
      'if [[ -v __call_saved ]]; then',
      unset,
      'builtin eval "$__call_saved" || :',
      leave,
      'builtin unset -v __call_cwd __call_before __call_saved || :',
      'fi',
    ].join('\n'),
  };
}

function toNode({ cwd, env }: CallScope): ScopeCode {
  return {
    begin: `(${NODE_BEGIN})(${JSON.stringify({ cwd: cwd ?? '', env })})`,
    end: `(${NODE_END})()`,
  };
}

const BASH_LEAVE = 'builtin cd -- "$__call_cwd" 2>/dev/null || :\nOLDPWD=$__call_before';

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Python's and JavaScript's are in namespaces of their own, so that variables of the user's are neither seen nor made; texts of JSON are texts of these languages too. */
const CODE: Readonly<Record<ContextLanguage, (scope: CallScope) => ScopeCode>> = {
  python: ({ cwd, env }) => ({
    begin: `exec(${JSON.stringify(PYTHON_BEGIN)}, ${JSON.stringify({ cwd: cwd ?? '', env })})`,
    end: `exec(${JSON.stringify(PYTHON_END)}, {})`,
  }),
  javascript: toNode,
  typescript: toNode,
  bash: toBash,
};
