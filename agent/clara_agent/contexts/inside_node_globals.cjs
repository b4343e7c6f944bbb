// Part of the JavaScript of a context (inside_node.cjs): what its code finds, as in Node's REPL.
const { Console } = require('node:console');
const { createRequire, builtinModules } = require('node:module');
const path = require('node:path');
const { prepareStack } = require('./inside_node_shown.cjs');

/** Makes the globals of cells that run in a folder, and more by their names; each may be declared anew. */
function defineGlobals(folder, more) {
  const cell = path.join(folder, 'cell');
  const require = createRequire(cell);
  const module = { exports: {}, id: '<cell>', filename: null, loaded: false, children: [], paths: [] };
  // What V8 keeps of each message for a debugger would keep its values alive: this console tells V8 nothing.
  const console = new Console({ stdout: process.stdout, stderr: process.stderr });
  const named = {
    console,
    require,
    module,
    exports: module.exports,
    __dirname: folder,
    __filename: cell,
    _: undefined,
    ...more,
  };
  for (const name of Reflect.ownKeys(named)) define(name, named[name]);
  for (const name of builtinModules.filter((each) => !/^_|\//.test(each) && !(each in globalThis))) {
    const set = (value) => define(name, value);
    Object.defineProperty(globalThis, name, { get: () => require(name), set, configurable: true, enumerable: false });
  }
  Error.prepareStackTrace = prepareStack;
  process.argv.splice(1);
  process.execArgv = [];
  process.title = 'node (context)';
}

function define(name, value) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}

module.exports = { defineGlobals };
