import { appendFile, rename, stat } from 'node:fs/promises';
import { z } from 'zod';
import { readText } from '../../base/atomic-file.ts';
import { hasCode } from '../../base/errors.ts';

/** Bytes of each of the two files of a log, of which the older one gives way. */
const MAX_FILE_BYTES = 1_048_576;

const logLine = z.object({
  atMs: z.number(),
  source: z.enum(['stdout', 'stderr', 'system']),
  level: z.enum(['info', 'warning', 'error']),
  message: z.string(),
  /** The process and its event that a line of output comes from, so that nothing is noted twice. */
  processId: z.int().optional(),
  eventId: z.int().optional(),
});

/** One line of what a sandbox's main process wrote, or of what happened to it; the time is on the wall clock. */
export type LogLine = z.infer<typeof logLine>;

/** Adds lines to a log, and begins another file where this one is full. Calls for the same log must not overlap. */
export async function appendLog(file: string, lines: readonly LogLine[]): Promise<void> {
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  const bytes = await sizeOf(file);
  if (bytes > 0 && bytes + Buffer.byteLength(text) > MAX_FILE_BYTES) await rename(file, `${file}.1`);
  await appendFile(file, text, { mode: 0o600 });
}

/** All lines that are kept, oldest first by their times; a line that a crash has cut is left out. */
export async function readLog(file: string): Promise<readonly LogLine[]> {
  const texts = [await readText(`${file}.1`), await readText(file)];
  const lines = texts.flatMap((text) => (text ?? '').split('\n')).flatMap(toLine);
  return lines.sort((one, other) => one.atMs - other.atMs);
}

function toLine(text: string): readonly LogLine[] {
  if (text === '') return [];
  try {
    return [logLine.parse(JSON.parse(text))];
  } catch {
    return [];
  }
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 0;
    throw error;
  }
}
