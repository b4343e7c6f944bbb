import { randomBytes } from 'node:crypto';
import type { Program } from './programs.ts';

/** The languages that code can be in. */
export const LANGUAGES = ['python', 'javascript', 'bash'] as const;

export type Language = (typeof LANGUAGES)[number];

/** What else they are called. */
const ALIASES: Readonly<Record<string, Language>> = {
  python3: 'python',
  py: 'python',
  js: 'javascript',
  node: 'javascript',
  sh: 'bash',
  shell: 'bash',
};

/** The language of this name, whose case does not matter; undefined where there is none. */
export function toLanguage(name: string): Language | undefined {
  const lower = name.toLowerCase();
  return (
    LANGUAGES.find((language) => language === lower) ?? (Object.hasOwn(ALIASES, lower) ? ALIASES[lower] : undefined)
  );
}

/** Code of this language as a program; of others than Python it must hold no NUL. */
export function toProgram(language: Language, code: string): Program {
  switch (language) {
    case 'python':
      return { program: 'python', source: code };
    case 'bash':
      return { program: 'shell', source: code };
    case 'javascript': {
      // As its standard input, since an argument is too short for some; no line of the code can be the one that ends it.
      const end = `end-${randomBytes(16).toString('hex')}`;
      return { program: 'shell', language, source: `exec node - <<'${end}'\n${code}\n${end}\n` };
    }
  }
}
