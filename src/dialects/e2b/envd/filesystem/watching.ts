import { posix } from 'node:path';
import { isSandboxError } from '../../../../base/errors.ts';
import type { FileTree } from '../../../../files/file-tree.ts';
import type { SandboxRef } from '../../../../sandboxes/asked/ref.ts';
import { ConnectError } from '../connect/connect-error.ts';
import { type FilesystemEvent, isOfSomething, toEvents } from './changes.ts';
import { METADATA_PREFIX, toEntryInfo } from './mapping.ts';
import { noDirectory, notFound } from './refusals.ts';

/** What is watched, and what is told of it. */
export interface Watching {
  readonly ref: SandboxRef;
  /** Absolute. */
  readonly path: string;
  readonly isRecursive: boolean;
  /** Whether events of files that are there have their entry. */
  readonly hasEntries: boolean;
  readonly signal: AbortSignal;
}

/** An event, with the entry of the file where that is asked for and there. */
export type ToldEvent = FilesystemEvent & { readonly entry?: ReturnType<typeof toEntryInfo> };

/** Null once all is watched, then what happens; ends when the folder is gone. Throws ConnectError, `data_loss` where events were missed. */
export async function* watchEvents(
  tree: FileTree,
  watching: Omit<Watching, 'hasEntries'>,
): AsyncGenerator<FilesystemEvent | null> {
  const { ref, path, isRecursive, signal } = watching;
  try {
    for await (const change of tree.watch(ref, path, isRecursive, signal)) {
      if (change === null) yield null;
      else if (change.event === 'overflow') {
        throw new ConnectError('data_loss', `More happened below ${path} than was read; watch it again.`);
      } else yield* toEvents(path, change);
    }
  } catch (error) {
    if (isSandboxError(error, 'not_found')) throw notFound(path, error);
    if (isSandboxError(error, 'invalid')) throw noDirectory(path, error);
    throw error;
  }
}

/** An event with its entry, where that is asked for. */
export async function withEntry(tree: FileTree, watching: Watching, event: FilesystemEvent): Promise<ToldEvent> {
  const { ref, path, hasEntries, signal } = watching;
  const told = { ...event, name: event.name.toWellFormed() };
  if (!hasEntries || !isOfSomething(event)) return told;
  try {
    const entry = await tree.statInDetail(ref, posix.join(path, event.name), METADATA_PREFIX, signal);
    return { ...told, entry: toEntryInfo(entry) };
  } catch (error) {
    if (!isSandboxError(error, 'not_found')) throw error;
    return told;
  }
}
