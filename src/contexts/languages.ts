/** The languages that contexts have, by every name that they are called. */
const LANGUAGES: Readonly<Record<string, ContextLanguage>> = { python: 'python', python3: 'python', py: 'python' };

export type ContextLanguage = 'python';

/** The language of this name, whose case does not matter; undefined where contexts have none of it. */
export function toContextLanguage(name: string): ContextLanguage | undefined {
  return Object.hasOwn(LANGUAGES, name.toLowerCase()) ? LANGUAGES[name.toLowerCase()] : undefined;
}
