import { CONTEXT_LANGUAGES, type ContextLanguage, toContextLanguage } from '../../../contexts/languages.ts';
import { toLanguage } from '../../../processes/languages.ts';

/** What code is in, or why it is not run. */
export type FoundLanguage = { readonly language: ContextLanguage } | { readonly refusal: string };

/** The language of this name; a sentence where there is none, or none that contexts have. */
export function findLanguage(name: string): FoundLanguage {
  const language = toContextLanguage(name);
  if (language !== undefined) return { language };
  const isKnown = toLanguage(name) !== undefined;
  const refusal = isKnown ? `This server does not run ${name}.` : `There is no language ${name}.`;
  return { refusal: `${refusal} It runs ${CONTEXT_LANGUAGES.join(', ')}.` };
}
