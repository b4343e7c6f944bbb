import { z } from 'zod';
import type { AgentConnection } from '../wire/connection.ts';
import { type CallOptions, call, type TransferOptions } from './call.ts';
import { collectLines } from './lines.ts';

/** A file, folder or link with all details, as the agent tells it. */
export const fileEntry = z.object({
  path: z.string().min(1),
  type: z.enum(['file', 'directory', 'symlink', 'other']),
  size: z.number().min(0),
  mode: z.int().min(0).max(0o7777),
  uid: z.int().min(0),
  gid: z.int().min(0),
  owner: z.string().nullable(),
  mtimeNs: z.string().regex(/^-?\d{1,20}$/),
  target: z.string().nullable(),
});

/** A file, folder or link. In its texts, bytes that are not UTF-8 are lone surrogates. */
export type FileEntry = z.infer<typeof fileEntry>;

const detailedEntry = fileEntry.extend({
  group: z.string().nullable(),
  /** Where a link ends; null where nothing is there, and of what is no link. */
  resolved: z
    .object({
      path: z.string().min(1),
      type: z.enum(['file', 'directory', 'symlink', 'other']),
      mode: z.int().min(0).max(0o7777),
    })
    .nullable(),
  /** Extended attributes with the prefix that was asked for, without that. */
  attributes: z.record(z.string(), z.string()),
});

/** The same with what costs more to find out. */
export type DetailedEntry = z.infer<typeof detailedEntry>;

/** What is at a path, links not followed, in all its details; `prefix` begins the names of the attributes that are told. */
export function describeInDetail(
  connection: AgentConnection,
  path: string,
  prefix: string,
  options: CallOptions,
): Promise<DetailedEntry> {
  return call(connection, 'entry', { path, follow: false, attributes: prefix }, detailedEntry, options);
}

/** What is at a path; AgentFailure `not_found` where there is nothing. */
export function describeEntry(
  connection: AgentConnection,
  path: string,
  follow: boolean,
  options: CallOptions,
): Promise<FileEntry> {
  return call(connection, 'entry', { path, follow }, fileEntry, options);
}

/** Which part of a folder is listed. */
export interface ListOptions {
  readonly depth: number;
  readonly limit: number;
  /** False to leave out what begins with a dot, with all below it. */
  readonly hidden: boolean;
  /** The path below the folder that the page begins behind, whether it is still there or not. */
  readonly after: string | null;
}

/** A page of what is below a folder, in all details. */
export async function listInDetail(
  connection: AgentConnection,
  path: string,
  { prefix, ...list }: ListOptions & { readonly prefix: string },
  options: TransferOptions,
): Promise<{ readonly entries: readonly DetailedEntry[]; readonly next: string | null }> {
  const end = z.object({ next: z.string().nullable() });
  const how = { item: detailedEntry, result: end, limit: list.limit };
  const parameters = { path, ...list, attributes: prefix };
  const { items, result } = await collectLines(connection, 'list', parameters, how, options);
  return { entries: items, next: result.next };
}

/** A page of what is below a folder; `next` is where the one behind it begins, null at the end. */
export async function listEntries(
  connection: AgentConnection,
  path: string,
  list: ListOptions,
  options: TransferOptions,
): Promise<{ readonly entries: readonly FileEntry[]; readonly next: string | null }> {
  const end = z.object({ next: z.string().nullable() });
  const how = { item: fileEntry, result: end, limit: list.limit };
  const { items, result } = await collectLines(connection, 'list', { path, ...list }, how, options);
  return { entries: items, next: result.next };
}
