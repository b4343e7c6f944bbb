import { z } from 'zod';
import type { AgentConnection } from '../wire/connection.ts';
import { type CallOptions, call, type TransferOptions } from './call.ts';
import { type FileEntry, fileEntry } from './entries.ts';
import { collectBytes } from './lines.ts';

const changed = z.object({ entry: fileEntry });
const made = z.object({ created: z.boolean(), entry: fileEntry });
const edited = z.object({ replaced: z.int().min(0) });

/** Makes a folder; one that is there is left as it is. AgentFailure `exists` where something else is. */
export function makeFolder(
  connection: AgentConnection,
  path: string,
  how: { readonly parents: boolean; readonly mode?: number | undefined },
  options: CallOptions,
): Promise<{ created: boolean; entry: FileEntry }> {
  const { parents, mode } = how;
  return call(connection, 'mkdir', { path, parents, ...(mode === undefined ? {} : { mode }) }, made, options);
}

/** From where to where; AgentFailure `exists` where something is there already, unless that is to be replaced whole. */
export interface RelocationRequest {
  readonly from: string;
  readonly to: string;
  readonly overwrite: boolean;
}

/** Moves or copies a file or folder; the folders above the target are made. */
export async function relocate(
  connection: AgentConnection,
  op: 'move' | 'copy',
  { from, to, overwrite }: RelocationRequest,
  options: TransferOptions,
): Promise<FileEntry> {
  return (await call(connection, op, { from, to, overwrite }, changed, options)).entry;
}

/** Sets the mode of a file or folder, with `recursive` of all below it too. */
export async function changeMode(
  connection: AgentConnection,
  path: string,
  how: { readonly mode: number; readonly recursive: boolean },
  options: TransferOptions,
): Promise<FileEntry> {
  return (await call(connection, 'chmod', { path, ...how }, changed, options)).entry;
}

/** A text that is to be replaced; `count` is how often it must occur, 0 for any number. */
export interface TextEdit {
  readonly old: string;
  readonly new: string;
  readonly count: number;
}

/** Edits a text file, in order and whole; AgentFailure `mismatch` where one of the edits does not fit, `changed` where the file was written meanwhile. */
export async function editText(
  connection: AgentConnection,
  path: string,
  edits: readonly TextEdit[],
  options: TransferOptions,
): Promise<{ readonly replaced: number; readonly diff: string }> {
  const body = [Buffer.from(JSON.stringify(edits))];
  const { bytes, result } = await collectBytes(connection, 'edit', { path }, edited, options, body);
  return { replaced: result.replaced, diff: bytes.toString('utf8') };
}
