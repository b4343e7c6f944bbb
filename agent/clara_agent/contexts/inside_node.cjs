// Runs in the Node of a JavaScript context: one cell after the other, by the REPL mode of V8, so that each sees what those before
// it have declared and may declare it anew. The agent sends cells over descriptor 3, a line of JSON each; what is shown goes out on
// descriptor 4. `require` and `load`, which imports, are those of the loader (node.py).
const fs = require('node:fs');
const inspector = require('node:inspector');
const net = require('node:net');
const path = require('node:path');
const vm = require('node:vm');
const { pathToFileURL } = require('node:url');
const { defineGlobals } = require('./inside_node_globals.cjs');
const { toExpression, withoutImports } = require('./inside_node_code.cjs');
const { toBundle, toError } = require('./inside_node_shown.cjs');
const types = require('./inside_node_types.cjs');
const { valuesOf } = require('./inside_node_values.cjs');

const CONTROL = 3;
const SHOWN = 4;
const INTERRUPTED = 'ERR_SCRIPT_EXECUTION_INTERRUPTED';
const LOADER = Symbol.for('clara.import');
const AT_LOADER = `globalThis[Symbol.for('${LOADER.description}')]`;
const ENTRY = Symbol.for('clara.entry');
const WAIT_MS = 1;
const LINE = 4096;
const MAX_ALL = 20 << 20;
const MAX_RESULTS = 1_000;

const session = new inspector.Session();
const AT_ENTRY = `globalThis[Symbol.for('${ENTRY.description}')]`;
const entry = new vm.Script(`${AT_ENTRY}()`);
const lock = new Int32Array(new SharedArrayBuffer(4));
const folder = process.cwd();
let toValue;
let count = 0;
let cell = null;
let received = '';
let shown = 0;
let acknowledged = 0;
// Whether the cell that came last is to be interrupted, and whether its code runs without a pause.
let isInterrupted = false;
let isBusy = false;
// Whether tracebacks are told as such alone.
let isRich = false;

function settle() {
  session.connect();
  toValue = valuesOf(session, ENTRY);
  defineGlobals(folder, { display, [LOADER]: loadFor });
  const { prepareStackTrace } = Error;
  Error.prepareStackTrace = (error, frames) => types.toWrittenPlaces(prepareStackTrace(error, frames));
  types.defineTyped();
}

/** Relative names are those of files in the folder that the context was made in. */
async function loadFor(name, ...options) {
  if (!/^\.{0,2}\//.test(name)) return await load(name, ...options);
  const file = path.resolve(folder, name);
  const typed = types.findTyped(file);
  return typed ? globalThis.require(typed) : await load(pathToFileURL(file).href, ...options);
}

function send(line) {
  shown += 1;
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
  for (let at = 0; at < bytes.length; ) at += fs.writeSync(SHOWN, bytes, at, bytes.length - at);
}

function cut() {
  if (cell && !cell.isCut) send({ type: 'truncated' });
  if (cell) cell.isCut = true;
}

/** Shows a value; a promise where that has to be waited for. */
function show(value, isMain) {
  const own = cell;
  const data = toBundle(value, cut);
  const put = (bundle) => {
    const size = JSON.stringify(bundle).length;
    if (cell !== own || own === null || own.results >= MAX_RESULTS || own.bytes + size > MAX_ALL) return cut();
    own.results += 1;
    own.bytes += size;
    send({ type: 'result', data: bundle, metadata: {}, is_main: isMain, display_id: null, update: false });
    if (own.waits && !isMain) waitUntilShown();
    return undefined;
  };
  return data instanceof Promise ? data.then(put) : put(data);
}

/** Shows values in all their representations. */
function display(...values) {
  const shown = values.map((value) => show(value, false)).filter((each) => each !== undefined);
  return shown.length > 0 ? Promise.all(shown).then(() => undefined) : undefined;
}

/** Waits until the agent has read what was shown, so that what is written next comes after it. */
function waitUntilShown() {
  const buffer = Buffer.alloc(LINE);
  while (acknowledged < shown) {
    const found = receiveNow(buffer);
    if (found === null) return;
    if (!found) Atomics.wait(lock, 0, 0, WAIT_MS);
  }
}

/** Takes what the agent has sent by now; false where that is nothing, null where it sends no more. */
function receiveNow(buffer) {
  try {
    const size = fs.readSync(CONTROL, buffer, 0, buffer.length);
    receive(buffer.toString('utf8', 0, size));
    return size > 0 || null;
  } catch (error) {
    return error.code === 'EAGAIN' ? false : null;
  }
}

/** Tells an error that nobody caught, and writes it too unless the context is rich; between two cells it is written only. */
function tell(error) {
  if (!cell || !isRich) fs.writeSync(2, `${error.traceback.join('\n')}\n`);
  if (!cell) return;
  send({ type: 'error', ...error });
  cell.isGood = false;
}

function fail(thrown, details) {
  tell(toError(thrown, { code: cell?.code ?? '', details }));
}

/** Ends a cell that goes on no more, as far as its caller is concerned. */
function stop(own) {
  if (own.isStopped) return;
  own.isStopped = true;
  const value = 'Script execution was interrupted by `SIGINT`';
  tell({ name: 'Error', value, traceback: [`Error [${INTERRUPTED}]: ${value}`] });
  end(own);
}

/** Runs one cell; its end is told when its value is there. */
function run({ code, file, silent, waits, typed }) {
  const text = file ? fs.readFileSync(file, 'utf8') : code;
  if (!silent) count += 1;
  const own = { code: text, waits, isSilent: silent, isGood: true, isCut: false, results: 0, bytes: 0 };
  cell = own;
  shown = acknowledged = 0;
  let expression;
  try {
    const plain = typed ? types.withoutTypes(text, count) : toExpression(text);
    expression = `${withoutImports(plain, AT_LOADER)}\n//# sourceURL=cell-${count}`;
  } catch (error) {
    fail(error, error.place);
    return end(own);
  }
  let isLeft = false;
  globalThis[ENTRY] = () => {
    delete globalThis[ENTRY];
    // From here on a signal is heard; what was said before is read here.
    receiveNow(Buffer.alloc(LINE));
    if (isInterrupted) return;
    session.post('Runtime.evaluate', { expression, replMode: true, objectGroup: 'cell' }, (error, answer) => {
      if (cell === own && !isLeft) conclude(own, error, answer);
    });
    process._tickCallback?.();
  };
  isBusy = true;
  try {
    entry.runInThisContext({ breakOnSigint: true });
  } catch (error) {
    isLeft = true;
    if (cell === own && error.code !== INTERRUPTED) {
      fail(error);
      end(own);
    } else {
      mendOutputs();
      isInterrupted = true;
    }
  }
  isBusy = false;
  if (isInterrupted && cell === own) stop(own);
}

/** Ends the write that an interrupt has cut off in the middle, which a stream would wait for before any other. */
function mendOutputs() {
  for (const { _writableState: state, _handle: handle } of [process.stdout, process.stderr]) {
    if (state?.writing && !handle?.writeQueueSize) state.onwrite();
  }
}

async function conclude(own, error, answer) {
  if (error) fail(new Error(error.message));
  else if (answer.exceptionDetails) fail(toValue(answer.exceptionDetails.exception), answer.exceptionDetails);
  else {
    const value = toValue(answer.result);
    if (value !== undefined && !own.isSilent) {
      globalThis._ = value;
      await show(value, true);
    }
  }
  session.post('Runtime.releaseObjectGroup', { objectGroup: 'cell' }, () => {});
  // Promises that were rejected meanwhile are told before the end.
  if (cell === own) setImmediate(() => end(own));
}

function end(own) {
  if (cell !== own) return;
  const finish = () => {
    if (cell !== own) return;
    cell = null;
    fs.writeSync(CONTROL, `done ${count} ${own.isGood ? 0 : 1}\n`);
  };
  const streams = [process.stdout, process.stderr].filter((stream) => stream.writableLength > 0);
  let left = streams.length;
  if (left === 0) finish();
  for (const stream of streams) {
    stream.write('', () => {
      left -= 1;
      if (left === 0) finish();
    });
  }
}

function receive(text) {
  received += text;
  const lines = received.split('\n');
  received = lines.pop();
  for (const line of lines) {
    const message = JSON.parse(line);
    if (message.shown !== undefined) acknowledged = message.shown;
    else if (message.rich) isRich = true;
    else if (message.interrupt) {
      isInterrupted = true;
      if (cell && !isBusy) stop(cell);
    } else {
      isInterrupted = false;
      setImmediate(run, message);
    }
  }
}

process.on('uncaughtException', (error) => fail(error));
process.on('unhandledRejection', (reason) => fail(reason));
// Is for what computes; the rest hears of interrupts as of cells.
process.on('SIGINT', () => {});
const control = new net.Socket({ fd: CONTROL, readable: true, writable: false });
control.setEncoding('utf8');
control.on('data', receive);
control.on('close', () => process.exit());
// Once Node has set the globals that it gives to code of its command line.
setImmediate(() => {
  settle();
  fs.writeSync(CONTROL, 'ready\n');
});
