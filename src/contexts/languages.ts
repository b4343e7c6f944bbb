import { type Language, toLanguage } from '../processes/languages.ts';

/** The languages that contexts have. */
export const CONTEXT_LANGUAGES = ['python', 'javascript', 'typescript', 'bash'] as const satisfies readonly Language[];

/** A language that contexts have. */
export type ContextLanguage = (typeof CONTEXT_LANGUAGES)[number];

/** The language of this name, whose case does not matter; undefined where contexts have none of it. */
export function toContextLanguage(name: string): ContextLanguage | undefined {
  const language: Language | undefined = toLanguage(name);
  return CONTEXT_LANGUAGES.find((one) => one === language);
}
