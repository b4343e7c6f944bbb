export { ClaraClient, type ListOptions } from './client.ts';
export type { CellOptions, ContextOptions } from './contexts.ts';
export {
  SandboxConnectionError,
  SandboxError,
  SandboxNotFoundError,
  SandboxOperationError,
  SandboxTimeoutError,
  SandboxValidationError,
} from './errors.ts';
export type { SandboxEvent } from './events.ts';
export type { ExecuteOptions, Sandbox, ShellOptions } from './sandbox.ts';
export type { ClientOptions } from './transport.ts';
export type * from './types.ts';
