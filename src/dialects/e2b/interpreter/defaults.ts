import { CONTEXT_LANGUAGES, type ContextLanguage } from '../../../contexts/languages.ts';

/** Where contexts start that nobody has told where. */
export const HOME = '/home/user';

/** Languages whose context is listed from the start. */
export const LISTED = ['python', 'javascript'] as const;

const PREFIX = 'language-';

/** The id of the one context of a language that runs code of those who name none. */
export function defaultContextOf(language: ContextLanguage): string {
  return `${PREFIX}${language}`;
}

/** The language whose one context has this id; null for any other context. */
export function languageOfDefault(id: string): ContextLanguage | null {
  return CONTEXT_LANGUAGES.find((language) => defaultContextOf(language) === id) ?? null;
}
