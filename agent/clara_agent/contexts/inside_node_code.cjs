// Part of the JavaScript of a context (inside_node.cjs): what code of a cell becomes before V8 has it.
const vm = require('node:vm');

const WORD = /[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy;
const DECLARATION =
  /import\s*(?:([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*(,)?\s*)?(?:\*\s*as\s+([\p{ID_Start}$_][\p{ID_Continue}$]*)|(\{[^}]*\}))?\s*(from)?\s*(["'])([^"'\n]+)\6(?:\s*(?:with|assert)\s*\{[^}]*\})?[ \t]*;?/uy;
// After these a slash begins a regular expression, after other words it divides.
const BEFORE_VALUES = new Set(
  'await case delete do else in instanceof new of return throw typeof void yield'.split(' '),
);

/** The code with `import`, which a script cannot have, as calls of `loader`; every line stays where it is. */
function withoutImports(code, loader) {
  if (!code.includes('import')) return code;
  const found = [];
  scan(code, (at, depth, before) => {
    if (before === '.' && !code.slice(0, at).trimEnd().endsWith('...')) return at + 6;
    const next = /\s*/y;
    next.lastIndex = at + 6;
    const after = at + 6 + next.exec(code)[0].length;
    if (code[after] === '(') {
      found.push([at, at + 6, loader]);
      return at + 6;
    }
    DECLARATION.lastIndex = at;
    const declared = depth === 0 && DECLARATION.exec(code);
    const replacement = declared && toCalls(declared, loader);
    if (!replacement) return at + 6;
    found.push([at, DECLARATION.lastIndex, replacement]);
    return DECLARATION.lastIndex;
  });
  let text = '';
  let end = 0;
  for (const [from, to, replacement] of found) {
    text += code.slice(end, from) + replacement;
    end = to;
  }
  return text + code.slice(end);
}

/** An import declaration as a call with its bindings; null where it is none. */
function toCalls([text, fallback, comma, all, names, from, quote, module], loader) {
  const call = `await ${loader}(${quote}${module}${quote})`;
  const lines = '\n'.repeat(text.split('\n').length - 1);
  const hasBindings = Boolean(fallback || all || names);
  if (hasBindings !== Boolean(from) || Boolean(comma) !== Boolean(fallback && (all || names))) return null;
  if (!hasBindings) return `${call};${lines}`;
  const named = names
    ? names
        .slice(1, -1)
        .replace(/\s+/g, ' ')
        .replace(/([\w$]+|"[^"]*"|'[^']*') as /g, '$1: ')
    : '';
  const bound = [fallback ? `default: ${fallback}` : '', named].filter((part) => part.trim() !== '').join(', ');
  if (!all) return `const {${bound}} = ${call};${lines}`;
  return `const ${all} = ${call}${bound ? `, {${bound}} = ${all}` : ''};${lines}`;
}

/** Calls for each word `import` that is code, with its place, how many brackets are open, and the character before; goes on where that says. */
function scan(code, onImport) {
  const open = [];
  let before = '';
  let word = '';
  let at = 0;
  while (at < code.length) {
    const one = code[at];
    const two = code.slice(at, at + 2);
    WORD.lastIndex = at;
    const found = WORD.exec(code);
    if (/\s/.test(one)) {
      at += 1;
      continue;
    }
    if (two === '//') at = endOf(code, '\n', at);
    else if (two === '/*') at = endOf(code, '*/', at + 2);
    else if (one === '"' || one === "'") at = endOfString(code, one, at);
    else if (one === '`') at = endOfTemplate(code, at + 1, open);
    else if (one === '/' && isValueNext(before, word)) at = endOfPattern(code, at);
    else if (found) {
      at = found[0] === 'import' ? onImport(at, open.length, before) : at + found[0].length;
    } else {
      if ('([{'.includes(one)) open.push(one);
      else if (')]}'.includes(one) && open.pop() === '`') at = endOfTemplate(code, at + 1, open) - 1;
      at += 1;
    }
    if (two === '//' || two === '/*') continue;
    word = found ? found[0] : '';
    before = found ? 'a' : one;
  }
}

function isValueNext(before, word) {
  return word ? BEFORE_VALUES.has(word) : !/[\w)\]}"'`]/.test(before);
}

function endOf(code, mark, from) {
  const at = code.indexOf(mark, from);
  return at < 0 ? code.length : at + mark.length;
}

function endOfString(code, quote, from) {
  for (let at = from + 1; at < code.length; at += 1) {
    if (code[at] === '\\') at += 1;
    else if (code[at] === quote || code[at] === '\n') return at + 1;
  }
  return code.length;
}

function endOfPattern(code, from) {
  let isInClass = false;
  for (let at = from + 1; at < code.length && code[at] !== '\n'; at += 1) {
    if (code[at] === '\\') at += 1;
    else if (code[at] === '[') isInClass = true;
    else if (code[at] === ']') isInClass = false;
    else if (code[at] === '/' && !isInClass) return at + 1;
  }
  return from + 1;
}

/** Behind the template, or behind the `${` of a value in it, which is then open. */
function endOfTemplate(code, from, open) {
  for (let at = from; at < code.length; at += 1) {
    if (code[at] === '\\') at += 1;
    else if (code[at] === '`') return at + 1;
    else if (code[at] === '$' && code[at + 1] === '{') {
      open.push('`');
      return at + 2;
    }
  }
  return code.length;
}

/** The code as a script; an object between braces is a value, as in Node's REPL. */
function toExpression(code) {
  const trimmed = code.trim();
  if (!trimmed.startsWith('{') || trimmed.endsWith(';')) return code;
  try {
    new vm.Script(`(${trimmed}\n)`);
    return `(${trimmed}\n)`;
  } catch {
    return code;
  }
}

module.exports = { toExpression, withoutImports };
