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

/** In namespaces of their own, so that variables of the user's are neither seen nor made; texts of JSON are texts of these languages too. */
const CODE: Readonly<Record<ContextLanguage, (scope: CallScope) => ScopeCode>> = {
  python: ({ cwd, env }) => ({
    begin: `exec(${JSON.stringify(PYTHON_BEGIN)}, ${JSON.stringify({ cwd: cwd ?? '', env })})`,
    end: `exec(${JSON.stringify(PYTHON_END)}, {})`,
  }),
};
