import type { SandboxRef } from '../sandboxes/asked/ref.ts';
import type { FileEntry, FileTree } from './file-tree.ts';
import { isMissing } from './refusals.ts';

/** Entries that are asked for at a time. */
const PAGE = 10_000;

/** All that is directly in a folder, by the bytes of the names. */
export async function listFolder(
  tree: FileTree,
  ref: SandboxRef,
  folder: string,
  signal: AbortSignal,
): Promise<readonly FileEntry[]> {
  const found: FileEntry[] = [];
  let after: string | null = null;
  do {
    const page = { depth: 1, limit: PAGE, hidden: true, after };
    const { entries, next } = await tree.list(ref, folder, page, signal);
    found.push(...entries);
    after = next;
  } while (after !== null);
  return found;
}

/** Removes what is at a path, a folder with all in it; what is not there is as good as removed. */
export async function removeAll(tree: FileTree, ref: SandboxRef, path: string, signal: AbortSignal): Promise<void> {
  try {
    await tree.remove(ref, path, true, signal);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
