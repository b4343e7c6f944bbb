import { randomBytes } from 'node:crypto';

/** How the shell runs code of one language. */
export type Runner =
  | {
      /** Programs that have to be on the PATH. */
      readonly needs: readonly string[];
      /** The name of the file that the code is put in, as `$file`, where the program wants one; else it reads its standard input. */
      readonly file?: string;
      /** The shell's command. */
      readonly command: string;
    }
  | { readonly needs: readonly string[]; readonly form: 'typescript' };

/**
 * TypeScript runs as an ES module, with what a script of Node has besides: `require`, and a `module` that is the main one. Files of
 * TypeScript that it imports from the folder are taken in; packages are found when it runs.
 */
const BUNDLE = [
  'esbuild --bundle --loader=ts --platform=node --format=esm --packages=external --sourcemap=inline --sourcefile=main.ts',
  '--log-level=error --color=false',
  `--banner:js='globalThis.require = Object.assign((await import("node:module")).createRequire(process.cwd() + "/"), { main: (globalThis.module = { exports: {} }) }); globalThis.exports = module.exports;'`,
].join(' ');

/** A script for the shell that runs this code. */
export function toScript(runner: Runner, code: string): string {
  // As standard input, since an argument is too short for some; no line of the code can be the one that ends it.
  const end = `end-${randomBytes(16).toString('hex')}`;
  const given = `<<'${end}'\n${code}\n${end}\n`;
  if ('form' in runner) {
    return `js=$(${BUNDLE} ${given}) || exit 1\nexec node --enable-source-maps --input-type=module - <<${end}\n$js\n${end}\n`;
  }
  const { file, command } = runner;
  if (file === undefined) return `exec ${command} ${given}`;
  return `folder=$(mktemp -d) && file="$folder/${file}" && trap 'rm -rf "$folder"' EXIT && cat > "$file" ${given}${command}\n`;
}

/** The code in a script that `toScript` made, even if the script is cut; null for any other. */
export function scriptedCode(script: string): string | null {
  const begin = /^[^\n]* <<'(end-[0-9a-f]{32})'\n/.exec(script);
  if (!begin) return null;
  const [line, end] = begin;
  return script.slice(line.length).split(`\n${end}\n`, 1)[0] ?? '';
}
