import { Counter, type Registry } from 'prom-client';
import { isSandboxError } from '../base/errors.ts';
import type { CallWatcher } from './watched-calls.ts';

/** The operation of calls that dashboards of another API know by another name. */
const OPERATION: Readonly<Record<string, string>> = {
  children: 'list',
  listInDetail: 'list',
  statInDetail: 'stat',
  download: 'read',
  upload: 'write',
  remove: 'delete',
  makeFolder: 'mkdir',
  relocate: 'move',
  changeMode: 'chmod',
};

/** Counts what is done with files, by operation and kind of error. */
export class FileMetrics {
  readonly #operations: Counter;
  readonly #errors: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#operations = new Counter({
      ...{ name: 'file_operations_total', help: 'Calls about files that are over.', registers },
      labelNames: ['operation'],
    });
    this.#errors = new Counter({
      ...{ name: 'file_operation_errors_total', help: 'Of these those that failed.', registers },
      labelNames: ['operation', 'error_type'],
    });
  }

  /** Counts the calls to a service, each when it is over. */
  readonly watch: CallWatcher = (call) => {
    const operation = OPERATION[call] ?? call;
    return (failure) => {
      this.#operations.inc({ operation });
      if (!failure) return;
      const kind = isSandboxError(failure.cause) ? failure.cause.kind : 'internal';
      this.#errors.inc({ operation, error_type: kind });
    };
  };
}
