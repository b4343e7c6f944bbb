import { readFileSync } from 'node:fs';

/** The version in package.json; the root is the folder that holds it. */
export function readVersion(root: URL): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return String(manifest.version);
  return '0.0.0';
}
