import type { components, operations } from './schema.ts';

type Schemas = components['schemas'];
type Body<Name extends keyof operations> = operations[Name] extends {
  requestBody?: { content: { 'application/json': infer Json } };
}
  ? Json
  : never;

/** A sandbox: its state, what it is made of and how it is used. */
export type SandboxInfo = Schemas['SandboxInfo'];

/** How a run ended, and what it printed. */
export type Execution = Schemas['ExecutionResponse'];

/** A file of the workspace that changed while a program ran. */
export type ChangedFile = NonNullable<Execution['files']>[number];

/** How code in a context ended, what it printed and what it showed. */
export type CellExecution = Schemas['CellResponse'];

/** An interpreter whose variables live on. */
export type Context = Schemas['Context'];

/** A process that lives beyond its request. */
export type Process = Schemas['Process'];

/** A file, folder or link. */
export type Entry = Schemas['Entry'];

/** A port of a sandbox: where it is reached, and by whom. */
export type Port = Schemas['Port'];

/** The files of a sandbox as they were at a moment. */
export type Checkpoint = Schemas['Checkpoint'];

/** What a sandbox takes now. */
export type Usage = Schemas['SandboxUsage'];

/** What a sandbox is made with. */
export type CreateSettings = Body<'createSandbox'>;

/** What can change of a sandbox. */
export type UpdateSettings = Body<'updateSandbox'>;

/** How a process is started. */
export type ProcessOptions = Body<'startProcess'>;
