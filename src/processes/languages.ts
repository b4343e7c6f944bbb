import { randomBytes } from 'node:crypto';
import type { Program } from './programs.ts';

/** How code of a language is run that has no interpreter of the agent's. */
interface Runner {
  /** Programs that can run it, the best first; what is there is taken. */
  readonly needs: readonly string[];
  /** The name of the file that the code is put in, where the program wants one; null where it reads its standard input. */
  readonly file: string | null;
  /** The shell's command for the program `$run`, and the file `$file` if there is one. */
  readonly command: string;
}

/** The languages that code can be in by itself, without a context; what they are called besides, and how they are run. */
const TABLE = {
  python: { aliases: ['python3', 'py'], runner: null },
  javascript: { aliases: ['js', 'node'], runner: { needs: ['node'], file: null, command: '"$run" -' } },
  bash: { aliases: ['sh', 'shell'], runner: null },
  ruby: { aliases: ['rb'], runner: { needs: ['ruby'], file: null, command: '"$run" -' } },
  go: { aliases: ['golang'], runner: { needs: ['go'], file: 'main.go', command: '"$run" run "$file"' } },
} as const satisfies Readonly<Record<string, { readonly aliases: readonly string[]; readonly runner: Runner | null }>>;

export type AnyLanguage = keyof typeof TABLE;

/** The languages that every sandbox of the own image has. */
export const LANGUAGES = ['python', 'javascript', 'bash'] as const satisfies readonly AnyLanguage[];

export type Language = (typeof LANGUAGES)[number];

const ALL: readonly AnyLanguage[] = Object.keys(TABLE).filter((name): name is AnyLanguage => name in TABLE);

/** The language of this name, whose case does not matter; undefined where there is none. */
export function toAnyLanguage(name: string): AnyLanguage | undefined {
  const lower = name.toLowerCase();
  return ALL.find((language) => language === lower || TABLE[language].aliases.some((alias) => alias === lower));
}

/** The same of what every sandbox has. */
export function toLanguage(name: string): Language | undefined {
  const found = toAnyLanguage(name);
  return LANGUAGES.find((language) => language === found);
}

/** Code of this language as a program; of others than Python it must hold no NUL. */
export function toProgram(language: AnyLanguage, code: string): Program {
  if (language === 'python') return { program: 'python', source: code };
  const { runner } = TABLE[language];
  if (runner === null) return { program: 'shell', source: code };
  return { program: 'shell', language, source: toScript(language, runner, code) };
}

function toScript(language: string, { needs, file, command }: Runner, code: string): string {
  // As standard input, since an argument is too short for some; no line of the code can be the one that ends it.
  const end = `end-${randomBytes(16).toString('hex')}`;
  const find = `run=$(command -v ${needs.join(' || command -v ')}) || { echo "This sandbox cannot run ${language}: its image has no ${needs.join(' or ')}." >&2; exit 127; }`;
  const given = `<<'${end}'\n${code}\n${end}\n`;
  if (file === null) return `${find}\nexec ${command} ${given}`;
  return `${find}\nfolder=$(mktemp -d) && file="$folder/${file}" && trap 'rm -rf "$folder"' EXIT && cat > "$file" ${given}${command}\n`;
}
