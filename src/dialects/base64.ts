/** True for base64 with or without line breaks, and with all of its padding or none. RFC 4648, section 4. */
export function isBase64(text: string): boolean {
  const compact = text.replace(/[\r\n]+/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) return false;
  return compact.length % 4 === 0 || (!compact.endsWith('=') && compact.length % 4 !== 1);
}

interface Written {
  readonly content?: string | null | undefined;
  readonly encoding?: string | null | undefined;
}

/** What a body that writes a file must be. */
export const isAsSaid = ({ content, encoding }: Written): boolean => encoding !== 'base64' || isBase64(content ?? '');

/** The error of one that is not. */
export const NOT_BASE64 = { path: ['content'], error: 'must be base64' };
