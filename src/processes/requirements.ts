/** Quotes that people, chat programs and shells put around a requirement, opening to closing. */
const QUOTES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["'", "'"],
  ['`', '`'],
  ['\u201c', '\u201d'],
  ['\u2018', '\u2019'],
]);

/** What a line may begin with that was meant for a shell or a notebook. */
const COMMAND = /^[^\S\n]*(?:[!%$]\s*)?(?:sudo\s+)?(?:uv\s+)?(?:python[\d.]*\s+-m\s+)?pip[\d.]*\s+install\s+/gm;

/** A list as programs write it. */
const LIST = /^\s*\[([^[]*(?:\[[^[\]]*\][^[]*)*)\]\s*$/;

/** A path or URL: what it says goes on to the next space, and commas and quotes may be in it. */
const PLACE = /(?:\.{0,2}\/|~\/|\.(?=[\s,[]|$)|[a-z][a-z0-9+.-]*:)[^\s]*/iy;

const NAME = /[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?(?![\w.:/\\-])/iy;
const EXTRAS = /\s*\[([^\]]*)\]/y;
const DIRECT = /\s*@\s*([a-z][a-z0-9+.-]*:[^\s]*)/iy;
const VERSION = String.raw`(?:===|==|~=|!=|<=|>=|<|>)\s*(?:[^\s,;()"'\x60#<>=!~\\]|!(?=\d))+`;
const VERSIONS = new RegExp(String.raw`\s*(${VERSION}(?:\s*,\s*${VERSION})*)`, 'y');
const VERSIONS_IN_BRACKETS = new RegExp(String.raw`\s*\(\s*(${VERSION}(?:\s*,\s*${VERSION})*)\s*,?\s*\)`, 'y');

/** Environment markers of PEP 508: comparisons with `and`, `or` and brackets. */
const OPERAND = `(?:"[^"]*"|'[^']*'|[a-z_.]+)`;
const COMPARISON = String.raw`[\s(]*${OPERAND}\s*(?:<=|>=|===?|!=|~=|<|>|\bnot\s+in\b|\bin\b)\s*${OPERAND}[^\S\n]*\)*`;
const MARKER = new RegExp(String.raw`\s*;\s*(${COMPARISON}(?:\s*\b(?:and|or)\b\s*${COMPARISON})*)`, 'iy');
/** What was meant for one, and is not. */
const BAD_MARKER = /\s*;\s*(\(*\s*(?:["'(]|python_|os_name|sys_platform|platform_|implementation_|extra\b)[^\n]*)/iy;

/** What parts requirements: spaces, commas, lines and their continuation, comments, semicolons, and the bullets of a list. */
const SEPARATORS = /(?:[\s,;]|\\(?=\s|$)|#[^\n]*|(?<=^|\n\s*)[-*\u2022](?=\s))+/y;
const REST_OF_WORD = /[^\s,]+/y;

/**
 * The requirements that a text means, each as pip takes it: as on a command line, as in a requirements file, or as people write lists.
 * Commas, spaces and lines part them; quotes and brackets around them or their versions, comments and a `pip install` in front are
 * left out. What is no requirement is given as it stands: pip says best what is wrong with it.
 */
export function toRequirements(text: string): string[] {
  const bare = text.replace(COMMAND, '');
  return new Requirements(LIST.exec(bare)?.[1] ?? bare).all();
}

class Requirements {
  #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  all(): string[] {
    const found: string[] = [];
    while (true) {
      this.#take(SEPARATORS);
      if (this.#at >= this.#text.length) return found;
      found.push(...(this.#quoted() ?? [this.#one()]));
    }
  }

  /** What a sticky pattern matches here, and goes past it. */
  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match) this.#at = pattern.lastIndex;
    return match;
  }

  /** What is in the quotes that begin here; null where there are none, or no more once they are taken away. */
  #quoted(): string[] | null {
    const closing = QUOTES.get(this.#text[this.#at] ?? '');
    if (closing === undefined) return null;
    const start = this.#at + 1;
    const end = this.#text.indexOf(closing, start);
    const inner = end < 0 ? '' : this.#text.slice(start, end);
    const next = this.#text[end + 1];
    if (end >= 0 && (next === undefined || /[\s,]/.test(next))) {
      this.#at = end + 1;
      PLACE.lastIndex = 0;
      return PLACE.test(inner) ? [inner.trim()] : new Requirements(inner).all();
    }
    // As in a shell, what follows at once belongs to it; quotes that nobody closes mean nothing.
    const rest = end < 0 ? this.#text.slice(start) : inner + this.#text.slice(end + 1);
    this.#text = this.#text.slice(0, this.#at) + rest;
    return this.#at >= this.#text.length ? [] : null;
  }

  #one(): string {
    const place = this.#take(PLACE);
    const requirement = place ? place[0].replace(/,+$/, '') : this.#named();
    const marker = this.#take(MARKER) ?? this.#take(BAD_MARKER);
    // What a URL ends with and where a marker begins, only a space tells.
    return marker
      ? `${requirement}${requirement.includes(':') || place ? ' ' : ''}; ${compact(marker[1])}`
      : requirement;
  }

  #named(): string {
    const name = this.#take(NAME)?.[0];
    if (name === undefined) return this.#take(REST_OF_WORD)?.[0] ?? this.#text[this.#at++] ?? '';
    const extras = this.#take(EXTRAS)?.[1];
    const full = extras === undefined ? name : `${name}[${extras.replace(/\s/g, '')}]`;
    const direct = this.#take(DIRECT)?.[1];
    if (direct !== undefined) return `${full} @ ${direct.replace(/,+$/, '')}`;
    this.#dropQuote();
    const versions = this.#take(VERSIONS_IN_BRACKETS) ?? this.#take(VERSIONS);
    if (versions) this.#dropQuote();
    const whole = full + (versions?.[1] ?? '').replace(/\s/g, '');
    // What is neither a version nor a separator is an error that pip explains.
    const isAtEnd = this.#at >= this.#text.length || /[\s,;#]/.test(this.#text[this.#at] ?? '');
    return isAtEnd ? whole : whole + (this.#take(REST_OF_WORD)?.[0] ?? '');
  }

  /** Passes over quotes between a name and its versions, as in requests">=2". */
  #dropQuote(): void {
    const char = this.#text[this.#at];
    if (char !== undefined && /["'`]/.test(char)) this.#at += 1;
  }
}

function compact(marker: string | undefined): string {
  return (marker ?? '').replace(/\s+/g, ' ').trim();
}
