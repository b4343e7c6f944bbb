import { ALIASES } from './names-of-modes.ts';

/** Variables of `.env` that the server does not read: docker-compose.yml and the scripts do. */
const OTHERS = [
  'SANDBOX_API_IMAGE',
  'SANDBOX_BASE_IMAGE',
  'SANDBOX_CADDY_ADDRESS',
  'SANDBOX_COMPOSE_SUBNET',
  'SANDBOX_HTTPS_PORT',
  'SANDBOX_HTTP_PORT',
  'SANDBOX_PREVIEW_CERTIFICATES',
  'SANDBOX_PREVIEW_TLS',
  'SANDBOX_PUBLISH_ADDRESS',
  'SANDBOX_URL',
] as const;

/** Whatever somebody wrote who meant a variable of this project. */
const OURS = /^(?:(?:DOCKER|INCUS)_)?SANDBOX[_-]/i;

/** What most of them begin with. */
const USUAL = /^SANDBOX_(?!GPU$)/;

/** A name as near as this to a known one is a slip of the pen, whatever it begins with. */
const SLIP = 2;

/** A letter that was left out, such as those of a whole word in the middle, says less than one that is wrong. */
const LEFT_OUT_COST = 0.3;

/** Who mistypes a name more often means the server's than one of the others. */
const OTHERS_COST = 2;

/** For each name that looks like a variable of this project and is none, a sentence with the nearest one; `known` are the server's. */
export function explainUnknownNames(names: readonly string[], known: readonly string[], place: string): string[] {
  const all = new Set<string>([...known, ...OTHERS, ...ALIASES]);
  return names.flatMap((name) => {
    if (all.has(name)) return [];
    const { nearest, cost } = findNearest(name, known);
    // Part of a name says too little: it may be anybody's.
    if (!OURS.test(name) && (cost > SLIP || nearest.startsWith(name))) return [];
    return [`${name}, which is set in ${place}, is no variable of this server; the nearest is ${nearest}`];
  });
}

function findNearest(name: string, known: readonly string[]): { readonly nearest: string; readonly cost: number } {
  const candidates = [
    ...known.map((nearest) => ({ nearest, cost: distance(name, nearest) + (USUAL.test(nearest) ? 0 : OTHERS_COST) })),
    ...[...OTHERS, ...ALIASES].map((nearest) => ({ nearest, cost: distance(name, nearest) + OTHERS_COST })),
  ];
  return candidates.reduce((best, candidate) => (candidate.cost < best.cost ? candidate : best), {
    nearest: '',
    cost: Number.POSITIVE_INFINITY,
  });
}

/** What it takes to make the known name of the written one, letter by letter; two that are swapped count as one. */
function distance(written: string, known: string): number {
  const from = written.toUpperCase();
  const rows: number[][] = [];
  const at = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let i = 0; i <= from.length; i += 1) {
    const row: number[] = [];
    rows.push(row);
    for (let j = 0; j <= known.length; j += 1) {
      const isSwapped = i > 1 && j > 1 && from[i - 1] === known[j - 2] && from[i - 2] === known[j - 1];
      row.push(
        i === 0 && j === 0
          ? 0
          : Math.min(
              at(i - 1, j) + 1,
              at(i, j - 1) + LEFT_OUT_COST,
              at(i - 1, j - 1) + (from[i - 1] === known[j - 1] ? 0 : 1),
              isSwapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
            ),
      );
    }
  }
  return at(from.length, known.length);
}
