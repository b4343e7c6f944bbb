import { encodeExtended } from 'content-disposition';

/**
 * A Content-Disposition that makes a browser save the answer under this name: in plain ASCII for old clients, and in full as
 * `filename*`. RFC 6266 and RFC 8187.
 */
export function attachment(name: string): string {
  return disposition('attachment', name);
}

/** The same for what a browser may show. */
export function inline(name: string): string {
  return disposition('inline', name);
}

function disposition(type: string, name: string): string {
  const plain = name.replace(/[^ !#$&'()+,\-.0-9;=@A-Z[\]^_`a-z{}~]/gu, '_');
  return `${type}; filename="${plain}"; filename*=${encodeExtended(name.toWellFormed())}`;
}
