import { z } from 'zod';
import type { AgentConnection } from '../wire/connection.ts';
import { call, type TransferOptions } from './call.ts';
import { type FileEntry, fileEntry } from './entries.ts';
import { collectLines } from './lines.ts';

const match = z.object({
  path: z.string(),
  line: z.int().min(1),
  column: z.int().min(1),
  text: z.string(),
  before: z.array(z.string()),
  after: z.array(z.string()),
});

const searched = z.object({ files: z.int().min(0), reason: z.enum(['limit', 'time', 'depth']).nullable() });
const globbed = z.object({ truncated: z.boolean() });
const digest = z.object({ digest: z.string().regex(/^[0-9a-f]+$/), size: z.number().min(0) });

/** A line that was found; line and column count from 1, in characters. */
export type SearchMatch = z.infer<typeof match>;

/** What is searched for, and in which files. */
export interface SearchRequest {
  readonly query: string;
  readonly regex: boolean;
  readonly caseSensitive: boolean;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Lines around each that are given too. */
  readonly context: number;
  readonly limit: number;
}

/** What a search found, in how many files. */
export interface SearchResult {
  readonly matches: readonly SearchMatch[];
  readonly files: number;
  /** Why there may be more; null where there is none. */
  readonly reason: 'limit' | 'time' | 'depth' | null;
}

/** Searches a file, or all below a folder; AgentFailure `bad_pattern` where the query is no regular expression. */
export async function searchFiles(
  connection: AgentConnection,
  path: string,
  request: SearchRequest,
  options: TransferOptions,
): Promise<SearchResult> {
  const how = { item: match, result: searched, limit: request.limit };
  const { items, result } = await collectLines(connection, 'search', { path, ...request }, how, options);
  return { matches: items, ...result };
}

/** What below a folder fits a pattern of names. */
export async function globEntries(
  connection: AgentConnection,
  path: string,
  { pattern, limit }: { readonly pattern: string; readonly limit: number },
  options: TransferOptions,
): Promise<{ readonly entries: readonly FileEntry[]; readonly truncated: boolean }> {
  const how = { item: fileEntry, result: globbed, limit };
  const { items, result } = await collectLines(connection, 'glob', { path, pattern, limit }, how, options);
  return { entries: items, truncated: result.truncated };
}

/** The digest of a regular file. */
export function hashFile(
  connection: AgentConnection,
  path: string,
  algorithm: string,
  options: TransferOptions,
): Promise<{ readonly digest: string; readonly size: number }> {
  return call(connection, 'hash', { path, algorithm }, digest, options);
}
