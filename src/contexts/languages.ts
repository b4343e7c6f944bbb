import { toLanguage } from '../processes/languages.ts';

/** The languages that contexts have. */
export type ContextLanguage = 'python';

/** The language of this name, whose case does not matter; undefined where contexts have none of it. */
export function toContextLanguage(name: string): ContextLanguage | undefined {
  const language = toLanguage(name);
  return language === 'python' ? language : undefined;
}
