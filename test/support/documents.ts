import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Where documents lie, beside the top of the repository. */
const FOLDERS = ['docs', '.github', 'clients/python', 'clients/typescript', 'test/fixtures'];

/** A line of prose, with the number that editors show. */
export interface ProseLine {
  readonly number: number;
  readonly text: string;
}

/** The text of a file, by its path from the top of the repository. */
export function readDocument(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** The names in a folder of the repository: of its folders, or of its files. */
export function namesIn(folder: string, kind: 'folders' | 'files'): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() === (kind === 'folders'))
    .map(({ name }) => name)
    .sort();
}

/** The paths of all documents. */
export function documents(): string[] {
  const below = (folder: string) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`);
  return [...namesIn('.', 'files'), ...FOLDERS.flatMap(below)].filter(
    (path) => path.endsWith('.md') && !path.includes('node_modules/'),
  );
}

/** What of a document is prose: no code, tables or headings, and text in backticks and bold lead words as one word each. */
export function proseOf(text: string): ProseLine[] {
  let isCode = false;
  const lines: ProseLine[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const isFence = line.trimStart().startsWith('```');
    if (isFence) isCode = !isCode;
    if (isCode || isFence || /^(\s*\||#| {4})/.test(line)) continue;
    const prose = line.replace(/`[^`]*`/g, '`x`').replace(/\*\*[^*]*\*\*/g, '**x**');
    lines.push({ number: index + 1, text: prose });
  }
  return lines;
}
