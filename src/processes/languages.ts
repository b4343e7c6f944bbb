import type { Program } from './programs.ts';
import { type Runner, toScript } from './runners.ts';

/** What one language is: its other names, and how code in it is run by itself. */
interface LanguageEntry {
  readonly aliases: readonly string[];
  /** `python` and `shell` are programs of the agent; any other is started by the shell. */
  readonly runner: 'python' | 'shell' | Runner;
}

/** All languages that code can be in, and how it is run by itself; what the image of a sandbox lacks is refused there. */
const TABLE = {
  python: { aliases: ['python3', 'py'], runner: 'python' },
  javascript: { aliases: ['js', 'node'], runner: { needs: ['node'], command: 'node -' } },
  typescript: { aliases: ['ts'], runner: { needs: ['node', 'esbuild'], form: 'typescript' } },
  bash: { aliases: ['sh', 'shell'], runner: 'shell' },
  ruby: { aliases: ['rb'], runner: { needs: ['ruby'], command: 'ruby -' } },
  go: { aliases: ['golang'], runner: { needs: ['go'], file: 'main.go', command: 'go run "$file"' } },
  r: { aliases: ['rscript'], runner: { needs: ['Rscript'], file: 'main.R', command: 'Rscript "$file"' } },
  java: { aliases: [], runner: { needs: ['java', 'javac'], file: 'Main.java', command: 'java "$file"' } },
  deno: { aliases: [], runner: { needs: ['deno'], command: 'deno run --quiet --allow-all -' } },
} as const satisfies Readonly<Record<string, LanguageEntry>>;

/** A language that programs may be in. */
export type Language = keyof typeof TABLE;

/** Their names, the usual one first. */
export const LANGUAGES: readonly Language[] = Object.keys(TABLE).filter((name): name is Language => name in TABLE);

const OWN_LANGUAGES: readonly Language[] = ['python', 'javascript', 'typescript', 'bash'];

/** The programs that any language needs of an image, each once. */
export const LANGUAGE_PROGRAMS: readonly string[] = [...new Set(LANGUAGES.flatMap(programsOf))];

/** The language of this name, whose case does not matter; undefined where there is none. */
export function toLanguage(name: string): Language | undefined {
  const lower = name.toLowerCase();
  return LANGUAGES.find((language) => language === lower || TABLE[language].aliases.some((alias) => alias === lower));
}

/** The languages that an image with these programs has; those of the own image where nobody has looked yet. */
export function presentLanguages(programs: ReadonlySet<string> | undefined): readonly Language[] {
  if (!programs) return OWN_LANGUAGES;
  return LANGUAGES.filter((language) => programsOf(language).every((program) => programs.has(program)));
}

/** Code of this language as a program; of others than Python it must hold no NUL. */
export function toProgram(language: Language, code: string): Program {
  const { runner } = TABLE[language];
  if (runner === 'python') return { program: 'python', source: code };
  if (runner === 'shell') return { program: 'shell', source: code };
  return { program: 'shell', language, needs: runner.needs, source: toScript(runner, code) };
}

/** The agent needs Python itself, and finds a shell in every image that can run a sandbox. */
function programsOf(language: Language): readonly string[] {
  const { runner } = TABLE[language];
  return typeof runner === 'string' ? [] : runner.needs;
}
