/** A file of fewer bytes is compressed only for who takes nothing else. */
const WORTH_BYTES = 1024;

/** How an answer is coded; null where the client takes neither. */
export type Coding = 'gzip' | 'identity' | null;

/** The coding that `Accept-Encoding` asks for. Clients that name several as a habit get what is worth it. RFC 9110, section 12.5.3. */
export function chooseCoding(
  accept: string | undefined,
  file: { readonly sizeBytes: number; readonly isText: boolean },
): Coding {
  const weights = parseWeights(accept);
  const rest = weights.get('*');
  const gzip = weights.get('gzip') ?? weights.get('x-gzip') ?? rest ?? 0;
  const identity = weights.get('identity') ?? (rest === 0 ? 0 : null);
  if (gzip === 0) return identity === 0 ? null : 'identity';
  if (identity === 0) return 'gzip';
  if (identity !== null && identity > gzip) return 'identity';
  const isAlone = weights.size === 1 && weights.has('gzip');
  return isAlone || (file.isText && file.sizeBytes > WORTH_BYTES) ? 'gzip' : 'identity';
}

function parseWeights(accept: string | undefined): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const range of (accept ?? '').split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    if (name === '') continue;
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    const value = Number(weight ?? '1');
    weights.set(name, Number.isFinite(value) && value >= 0 ? value : 1);
  }
  return weights;
}
