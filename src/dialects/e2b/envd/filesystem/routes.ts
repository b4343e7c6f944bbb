import { isSandboxError } from '../../../../base/errors.ts';
import type { DetailedEntry } from '../../../../files/file-tree.ts';
import type { Core } from '../../../dialect.ts';
import { ConnectError } from '../connect/connect-error.ts';
import { resolvePath } from '../paths.ts';
import type { Call, Rpc } from '../rpc.ts';
import { METADATA_PREFIX, toEntryInfo } from './mapping.ts';
import { noDirectory, notFound } from './refusals.ts';
import * as schemas from './schemas.ts';

const SERVICE = 'filesystem.Filesystem';

/** As many entries of a folder are told at once, and in all. */
const PAGE = 10_000;
const MOST_ENTRIES = 100_000;

/** Deeper than this no list goes. */
const MOST_DEPTH = 32;

/** filesystem.Filesystem of envd: folders and what is in them. */
export function filesystemRoutes(rpc: Rpc, { tree }: Core): void {
  const stat = (call: Call, path: string) => tree.statInDetail(call.ref, path, METADATA_PREFIX, call.signal);

  /** What is there; null where nothing is. */
  const find = async (call: Call, path: string): Promise<DetailedEntry | null> => {
    try {
      return await stat(call, path);
    } catch (error) {
      if (isSandboxError(error, 'not_found')) return null;
      throw error;
    }
  };

  rpc.unary({ service: SERVICE, name: 'Stat', message: schemas.pathRequest }, async (call, message) => {
    const path = resolvePath(message.path, call.user);
    const entry = await find(call, path);
    if (!entry) throw notFound(path);
    return { entry: toEntryInfo(entry) };
  });

  rpc.unary({ service: SERVICE, name: 'ListDir', message: schemas.listRequest }, async (call, message) => {
    const path = resolvePath(message.path, call.user);
    const depth = Math.min(message.depth || 1, MOST_DEPTH);
    const entries: ReturnType<typeof toEntryInfo>[] = [];
    let after: string | null = null;
    try {
      do {
        const list = { depth, limit: PAGE, hidden: true, after, prefix: METADATA_PREFIX };
        const page = await tree.listInDetail(call.ref, path, list, call.signal);
        entries.push(...page.entries.map(toEntryInfo));
        after = page.next;
        if (entries.length > MOST_ENTRIES) throw tooMany(path);
      } while (after !== null);
    } catch (error) {
      throw await toFolderError(error, path, () => find(call, path));
    }
    return { entries };
  });

  rpc.unary({ service: SERVICE, name: 'MakeDir', message: schemas.pathRequest }, async (call, message) => {
    const path = resolvePath(message.path, call.user);
    try {
      const { created } = await tree.makeFolder(call.ref, path, { parents: true }, call.signal);
      if (!created) throw new ConnectError('already_exists', `directory already exists: ${path}`);
    } catch (error) {
      if (error instanceof ConnectError || !isSandboxError(error, 'conflict')) throw error;
      throw new ConnectError('invalid_argument', `path exists and is not a directory: ${path}`, { cause: error });
    }
    return { entry: toEntryInfo(await stat(call, path)) };
  });

  rpc.unary({ service: SERVICE, name: 'Move', message: schemas.moveRequest }, async (call, message) => {
    const from = resolvePath(message.source, call.user);
    const to = resolvePath(message.destination, call.user);
    const [source, target] = [await find(call, from), await find(call, to)];
    if (!source) throw notFound(from);
    if (target?.type === 'directory' && from !== to) {
      throw new ConnectError('already_exists', `a directory is at the destination: ${to}`);
    }
    if (from !== to) await tree.relocate(call.ref, 'move', { from, to, overwrite: true }, call.signal);
    return { entry: toEntryInfo(await stat(call, to)) };
  });

  rpc.unary({ service: SERVICE, name: 'Remove', message: schemas.pathRequest }, async (call, message) => {
    try {
      await tree.remove(call.ref, resolvePath(message.path, call.user), true, call.signal);
    } catch (error) {
      if (!isSandboxError(error, 'not_found')) throw error;
    }
    return {};
  });
}

/** Why a folder could not be listed, in the words that clients of this API know. */
async function toFolderError(
  error: unknown,
  path: string,
  find: () => Promise<DetailedEntry | null>,
): Promise<unknown> {
  if (isSandboxError(error, 'not_found')) return notFound(path);
  if (!isSandboxError(error, 'invalid')) return error;
  const entry = await find();
  const type = entry?.resolved?.type ?? entry?.type;
  return type === 'directory' ? error : noDirectory(path);
}

function tooMany(path: string): ConnectError {
  const sentence = `There are more than ${MOST_ENTRIES} entries below ${path}; list less of it.`;
  return new ConnectError('resource_exhausted', sentence);
}
