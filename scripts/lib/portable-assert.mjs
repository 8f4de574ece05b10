// Stands in for node:assert/strict in browsers: the assertions that the tests use, with the same meaning.
export class AssertionError extends Error {
  name = 'AssertionError';
  constructor({ message, actual, expected }) {
    super(message);
    this.actual = actual;
    this.expected = expected;
  }
}

function show(value) {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    const some = Array.from(value.subarray(0, 16), String).join(', ');
    return `${value.constructor.name}(${value.length}) [${some}${value.length > 16 ? ', ...' : ''}]`;
  }
  if (typeof value !== 'object' || value === null || value instanceof Error) return String(value);
  try {
    const text = JSON.stringify(value, (key, part) =>
      key !== '' && (typeof part === 'bigint' || ArrayBuffer.isView(part)) ? show(part) : part,
    );
    return text.length > 400 ? `${text.slice(0, 400)} ...` : text;
  } catch {
    return String(value);
  }
}

function fault(message, standard, actual, expected) {
  if (message instanceof Error) return message;
  return new AssertionError({ message: message ?? standard(), actual, expected });
}

function same(a, b) {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Date) return a.getTime() === b.getTime();
  if (a instanceof RegExp) return String(a) === String(b);
  if (a instanceof Error && (a.message !== b.message || a.name !== b.name)) return false;
  if (a instanceof ArrayBuffer || (typeof SharedArrayBuffer !== 'undefined' && a instanceof SharedArrayBuffer)) {
    return same(new Uint8Array(a), new Uint8Array(b));
  }
  if (ArrayBuffer.isView(a) && !(a instanceof DataView)) {
    return a.length === b.length && a.every((value, k) => Object.is(value, b[k]));
  }
  if (a instanceof Map) {
    return a.size === b.size && [...a].every(([key, value]) => b.has(key) && same(value, b.get(key)));
  }
  if (a instanceof Set) {
    return a.size === b.size && [...a].every((value) => b.has(value) || [...b].some((other) => same(value, other)));
  }
  const keys = Reflect.ownKeys(a).filter((key) => Object.prototype.propertyIsEnumerable.call(a, key));
  const others = Reflect.ownKeys(b).filter((key) => Object.prototype.propertyIsEnumerable.call(b, key));
  return (
    keys.length === others.length &&
    (!Array.isArray(a) || a.length === b.length) &&
    keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]))
  );
}

/** Whether an error is what was asked for: a class, a test of it, a pattern of its text, or properties it must have. */
function expectError(error, expected, message) {
  if (expected === undefined || typeof expected === 'string') return;
  const wrong = () => `The error is not the expected one: ${show(error)}`;
  let fits;
  if (expected instanceof RegExp) fits = expected.test(String(error));
  else if (typeof expected !== 'function') {
    fits = Object.entries(expected).every(([key, value]) =>
      value instanceof RegExp ? value.test(String(error?.[key])) : same(error?.[key], value),
    );
  } else if (expected === Error || expected.prototype instanceof Error) fits = error instanceof expected;
  else fits = expected(error) === true;
  if (!fits) throw Object.assign(fault(message, wrong, error, expected), { cause: error });
}

const text = (expected, message) => (typeof expected === 'string' ? expected : message);

const assert = (value, message) => assert.ok(value, message);
export default assert;

Object.assign(assert, {
  AssertionError,
  ok(value, message) {
    if (!value) throw fault(message, () => `${show(value)} is not truthy`, value, true);
  },
  equal(actual, expected, message) {
    if (!Object.is(actual, expected)) {
      throw fault(message, () => `${show(actual)} is not ${show(expected)}`, actual, expected);
    }
  },
  notEqual(actual, expected, message) {
    if (Object.is(actual, expected)) {
      throw fault(message, () => `Both are ${show(actual)}`, actual, expected);
    }
  },
  deepEqual(actual, expected, message) {
    if (!same(actual, expected)) {
      throw fault(message, () => `${show(actual)} does not equal ${show(expected)}`, actual, expected);
    }
  },
  notDeepEqual(actual, expected, message) {
    if (same(actual, expected)) {
      throw fault(message, () => `Both equal ${show(actual)}`, actual, expected);
    }
  },
  match(actual, pattern, message) {
    if (!pattern.test(actual)) throw fault(message, () => `${show(actual)} does not match ${pattern}`, actual, pattern);
  },
  doesNotMatch(actual, pattern, message) {
    if (pattern.test(actual)) throw fault(message, () => `${show(actual)} matches ${pattern}`, actual, pattern);
  },
  throws(run, expected, message) {
    try {
      run();
    } catch (error) {
      return expectError(error, expected, message);
    }
    throw fault(text(expected, message), () => 'Nothing was thrown');
  },
  doesNotThrow(run) {
    run();
  },
  async rejects(run, expected, message) {
    try {
      await (typeof run === 'function' ? run() : run);
    } catch (error) {
      return expectError(error, expected, message);
    }
    throw fault(text(expected, message), () => 'Nothing was rejected');
  },
  async doesNotReject(run) {
    await (typeof run === 'function' ? run() : run);
  },
  fail(message = 'Failed') {
    throw fault(message, () => 'Failed');
  },
  ifError(value) {
    if (value !== null && value !== undefined) throw value;
  },
});
assert.strictEqual = assert.equal;
assert.notStrictEqual = assert.notEqual;
assert.deepStrictEqual = assert.deepEqual;
assert.notDeepStrictEqual = assert.notDeepEqual;
assert.strict = assert;

export const { ok, equal, notEqual, deepEqual, notDeepEqual, match, doesNotMatch, throws, doesNotThrow } = assert;
export const { rejects, doesNotReject, fail, ifError } = assert;
export const { strictEqual, notStrictEqual, deepStrictEqual, notDeepStrictEqual } = assert;
export { assert as strict };
