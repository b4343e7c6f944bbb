import { readFileSync } from 'node:fs';

/** The filters of docs/fail2ban, and what fail2ban cuts out of their lines as the date. */
const DATES = { 'clara-sandbox': /"time":\d+/, 'clara-sandbox-caddy': /"ts":\d{10}(?:\.\d{1,6})?/ } as const;

type FilterName = keyof typeof DATES;

/** The text of a filter. */
export function readFilter(name: FilterName): string {
  return readFileSync(new URL(`../../docs/fail2ban/${name}.conf`, import.meta.url), 'utf8');
}

/** The address that a filter finds in a line, as fail2ban would; undefined where it finds none. */
export function bannedAddress(name: FilterName, line: string): string | undefined {
  const expression = /^failregex = (.*)$/m.exec(readFilter(name))?.[1] ?? '';
  const source = expression.replace('<ADDR>', '(?<address>[0-9a-fA-F.:]+)');
  return new RegExp(source).exec(line.replace(DATES[name], ''))?.groups?.address;
}
