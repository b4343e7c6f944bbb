// The values that remote objects of the inspector stand for, which is in the same process.

/** A function that finds the value of a remote object; `at` names a global for a moment. */
function valuesOf(session, at) {
  const receiver = { id: '', take: null };
  globalThis[at] = receiver;
  const expression = `globalThis[Symbol.for('${at.description}')]`;
  session.post('Runtime.evaluate', { expression, objectGroup: 'driver' }, (_, { result }) => {
    receiver.id = result.objectId;
  });
  delete globalThis[at];
  return ({ objectId, unserializableValue: text, value }) => {
    if (objectId !== undefined) {
      let found;
      receiver.take = (each) => {
        found = each;
      };
      const functionDeclaration = 'function (value) { this.take(value); }';
      session.post(
        'Runtime.callFunctionOn',
        { objectId: receiver.id, functionDeclaration, arguments: [{ objectId }] },
        () => {},
      );
      return found;
    }
    if (text === undefined) return value;
    return /^-?\d+n$/.test(text) ? BigInt(text.slice(0, -1)) : Number(text);
  };
}

module.exports = { valuesOf };
