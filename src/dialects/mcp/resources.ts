import { isUtf8 } from 'node:buffer';
import { isSandboxError } from '../../base/errors.ts';
import { showName } from '../../files/names.ts';
import { toAbsolutePath, WORKSPACE_PATH } from '../../files/paths.ts';
import { isRefusal } from '../../files/refusals.ts';
import { decode } from '../sent-form.ts';
import { pictureType } from './blocks.ts';
import type { Caller, ToolCall } from './tool.ts';

/** The form of the URIs of files. */
export const TEMPLATE = 'sandbox://{sandbox}/{+path}';

/** The largest file that is answered as a resource, in bytes. */
const MAX_BYTES = 10 * 2 ** 20;

/** How long the sandbox may take, in milliseconds. */
const READ_MS = 60_000;

/** Files that a list has. */
const MOST = 200;

/** A file in a list of resources. */
interface ListedResource {
  readonly uri: string;
  readonly name: string;
  readonly size: number;
}

/** A file as a resource. */
type ResourceContent =
  | { readonly uri: string; readonly mimeType: string; readonly text: string }
  | { readonly uri: string; readonly mimeType: string; readonly blob: string };

/** The files in the workspace of the caller's own sandbox, two folders deep; none where it does not run. */
export async function listResources({ core, toRef, signal }: Caller): Promise<readonly ListedResource[]> {
  const ref = toRef(undefined);
  try {
    if (!(await core.sandboxes.isUp(ref))) return [];
    const how = { depth: 2, limit: MOST, hidden: false, after: null };
    const { entries } = await core.tree.list(ref, WORKSPACE_PATH, how, signal);
    const files = entries.filter(({ type, path }) => type === 'file' && path.isWellFormed());
    return files.map(({ path, size }) => ({ uri: toUri(ref.address.id, path), name: showName(path).shown, size }));
  } catch (error) {
    if (isSandboxError(error, 'not_found')) return [];
    throw error;
  }
}

/** The file of a URI; null where there is none. The path is from the root, or where nothing is there from the workspace. */
export async function readResource(uri: string, caller: Caller): Promise<ResourceContent | null> {
  const [, host = '', rest = ''] = /^sandbox:\/\/([^/?#]+)\/([^?#]+)$/i.exec(uri) ?? [];
  const id = decode(host);
  const path = decode(rest);
  if (!id || !path || path.includes('\0')) return null;
  const call = { ...caller, ref: caller.toRef(id) };
  const bytes = (await readAt(toAbsolutePath(`/${path}`), call)) ?? (await readAt(toAbsolutePath(path), call));
  if (bytes === null) return null;
  const picture = pictureType(bytes);
  if (picture === undefined && isUtf8(bytes) && !bytes.includes(0)) {
    return { uri, mimeType: 'text/plain', text: bytes.toString('utf8') };
  }
  return { uri, mimeType: picture ?? 'application/octet-stream', blob: bytes.toString('base64') };
}

/** Null where nothing is there, or no file. */
async function readAt(path: string, { core, ref, signal }: ToolCall): Promise<Buffer | null> {
  try {
    await core.sandboxes.isUp(ref);
    return await core.files.read(ref, path, MAX_BYTES, { signal, deadlineMs: READ_MS });
  } catch (error) {
    if (isSandboxError(error, 'not_found') || (isRefusal(error) && error.kind === 'invalid')) return null;
    throw error;
  }
}

function toUri(id: string, path: string): string {
  return `sandbox://${encodeURIComponent(id)}${path.split('/').map(encodeURIComponent).join('/')}`;
}
