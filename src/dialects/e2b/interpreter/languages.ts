import * as nodeModule from 'node:module';
import { type ContextLanguage, toContextLanguage } from '../../../contexts/languages.ts';

/** What code is in, or why it is not run. */
export type FoundLanguage =
  | { readonly language: ContextLanguage; readonly isTyped: boolean }
  | { readonly refusal: string };

/** Code that is longer is not freed of its types here, where that takes the time of all, in characters. */
const MAX_TYPED = 262_144;

const TYPED: readonly string[] = ['ts', 'typescript'];

/** Languages that the original has and this server has not. */
const MISSING: readonly string[] = ['r', 'java', 'deno'];

/** The language of this name; a sentence where there is none. */
export function findLanguage(name: string): FoundLanguage {
  const isTyped = TYPED.includes(name.toLowerCase());
  const language = isTyped ? 'javascript' : toContextLanguage(name);
  if (language !== undefined) return { language, isTyped };
  const isKnown = MISSING.includes(name.toLowerCase());
  const refusal = isKnown ? `This server does not run ${name}.` : `There is no language ${name}.`;
  return { refusal: `${refusal} It runs python, javascript, typescript and bash.` };
}

/** TypeScript without its types; as it is where this Node knows none, or it is no TypeScript, which the interpreter tells. */
export function withoutTypes(code: string): string {
  const strip = 'stripTypeScriptTypes' in nodeModule ? nodeModule.stripTypeScriptTypes : undefined;
  if (typeof strip !== 'function' || code.length > MAX_TYPED) return code;
  try {
    return strip(code);
  } catch {
    return code;
  }
}
