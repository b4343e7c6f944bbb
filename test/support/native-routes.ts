/** What a native route below a sandbox is asked that a sandbox would answer, and what it says where that cannot be. */
export interface NativeRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** What follows the user's id. */
  readonly path: string;
  readonly body?: object;
  /** The same, where it is no JSON. */
  readonly bytes?: string;
  /** The status where there is no sandbox: 404, but for what makes one. */
  readonly absent?: number;
  /** Where it is stopped and no other may run: 503, but for what does not start it. */
  readonly full?: number;
  /** Where the engine does not answer: 503, but for what does not need it. */
  readonly down?: number;
  /** True where it is one of the file operations of which a sandbox has a limited number at once. */
  readonly isFileCall?: boolean;
}

const FROM_TO = { from: 'a', to: 'b' };

const FILES: readonly NativeRoute[] = (
  [
    { method: 'GET', path: '/fs?path=.' },
    { method: 'DELETE', path: '/fs?path=a' },
    { method: 'GET', path: '/fs/stat?path=a' },
    { method: 'POST', path: '/fs/mkdir', body: { path: 'a' }, absent: 201 },
    { method: 'POST', path: '/fs/copy', body: FROM_TO, absent: 422 },
    { method: 'POST', path: '/fs/move', body: FROM_TO },
    { method: 'POST', path: '/fs/chmod', body: { path: 'a', mode: '644' }, absent: 422 },
    { method: 'POST', path: '/fs/edit', body: { path: 'a', edits: [{ old: 'a', new: 'b' }] }, absent: 422 },
    { method: 'GET', path: '/fs/glob?pattern=*' },
    { method: 'POST', path: '/fs/search', body: { query: 'a' } },
    { method: 'GET', path: '/fs/hash?path=a' },
    { method: 'PUT', path: '/raw?path=a', bytes: 'text', absent: 201 },
    { method: 'GET', path: '/raw?path=a' },
    { method: 'GET', path: '/archive?path=.' },
  ] as const
).map((route) => ({ ...route, isFileCall: true }));

/** Files, ports, settings, signed URLs, checkpoints and secrets; the fake agent knows some operations only, and says so by 422. */
export const NATIVE_ROUTES: readonly NativeRoute[] = [
  ...FILES,
  { method: 'GET', path: '/fs/watch?path=.' },
  { method: 'GET', path: '/ports', full: 200 },
  { method: 'GET', path: '/ports/8000', full: 404 },
  { method: 'PUT', path: '/ports/8000', body: { visibility: 'public' } },
  { method: 'POST', path: '/ports/8000', body: {} },
  { method: 'GET', path: '/ports/8000/x', full: 502 },
  { method: 'PATCH', path: '', body: { labels: { a: 'b' } }, full: 200, down: 200 },
  { method: 'PATCH', path: '', body: { memory_limit: '256m', allow_restart: true }, full: 200 },
  { method: 'GET', path: '/usage', full: 200 },
  { method: 'POST', path: '/pause', full: 409 },
  { method: 'POST', path: '/resume' },
  { method: 'POST', path: '/sign', body: { method: 'GET', path: '/sandbox/u/raw?path=a' }, full: 200, down: 200 },
  { method: 'POST', path: '/sign/revoke', full: 204, down: 204 },
  { method: 'POST', path: '/checkpoints', body: {}, full: 201 },
  { method: 'GET', path: '/checkpoints', full: 200, down: 200 },
  { method: 'POST', path: '/checkpoints/latest/restore' },
  { method: 'DELETE', path: '/checkpoints/0123456789abcdef', full: 404, down: 404 },
  { method: 'PUT', path: '/secrets/TOKEN', body: { value: 'a-b-c', hosts: ['api.example.org'] }, full: 204 },
  { method: 'GET', path: '/secrets', full: 200, down: 200 },
  { method: 'DELETE', path: '/secrets/TOKEN', full: 204, down: 404 },
];
