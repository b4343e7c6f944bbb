/** Splits a text into words as a shell would, without expanding anything; null where a quote is not closed. */
export function splitWords(text: string): readonly string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let at = 0;
  while (at < text.length) {
    const character = text.charAt(at);
    at += 1;
    if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (character === "'" || character === '"') {
      const quoted = readQuoted(text, at, character);
      if (quoted === null) return null;
      word = (word ?? '') + quoted.text;
      at = quoted.end;
    } else if (character === '\\') {
      if (at === text.length) return null;
      word = (word ?? '') + text.charAt(at);
      at += 1;
    } else {
      word = (word ?? '') + character;
    }
  }
  return word === null ? words : [...words, word];
}

/** A text that a shell reads as these words. */
export function joinWords(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`)).join(' ');
}

/** What stands between quotes, and where it ends; within double quotes a backslash keeps only what is special there. */
function readQuoted(text: string, begin: number, quote: string): { text: string; end: number } | null {
  let found = '';
  for (let at = begin; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === quote) return { text: found, end: at + 1 };
    if (quote === '"' && character === '\\' && /["\\$`]/.test(text.charAt(at + 1))) at += 1;
    found += text.charAt(at);
  }
  return null;
}
