import { encodeExtended } from 'content-disposition';

/**
 * A Content-Disposition that makes a browser save the answer under this name: in plain ASCII for old clients, and in full as
 * `filename*`. RFC 6266 and RFC 8187.
 */
export function attachment(name: string): string {
  const plain = name.replace(/[^ !#$&'()+,\-.0-9;=@A-Z[\]^_`a-z{}~]/gu, '_');
  return `attachment; filename="${plain}"; filename*=${encodeExtended(name.toWellFormed())}`;
}
