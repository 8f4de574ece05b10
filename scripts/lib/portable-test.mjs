// Stands in for node:test in browsers (on top of mocha) and in Deno: describe, it, test, the four hooks, skip and todo,
// and on the context of a test skip, diagnostic, name and signal. Tests are handed to the runner flat, "suite > test",
// so that every runner counts the same.
const MINUTES = 60_000;
const deno = globalThis.Deno;

class Skipped extends Error {}

const suite = (name, parent, options = {}) => ({
  name,
  parent,
  options,
  hooks: { before: [], after: [], beforeEach: [], afterEach: [] },
  open: 0,
  started: undefined,
});

let current = suite(undefined, undefined);

const upwards = (from) => (from ? [from, ...upwards(from.parent)] : []);

function parse(args) {
  const name = typeof args[0] === 'string' ? args.shift() : (args.find((arg) => typeof arg === 'function')?.name ?? '');
  const options = typeof args[0] === 'object' && args[0] !== null ? args.shift() : {};
  return { name, options, run: args[0] };
}

function describeAs(more, ...args) {
  const { name, options, run } = parse(args);
  const outer = current;
  current = suite(name, outer, { ...options, ...more });
  try {
    if (run?.() instanceof Promise)
      throw new Error(`The suite "${name}" is asynchronous; only tests and hooks may be.`);
  } finally {
    current = outer;
  }
}

function itAs(more, ...args) {
  const { name, options, run } = parse(args);
  const suites = upwards(current);
  const settings = { ...options, ...more };
  const given = [settings, ...suites.map((one) => one.options)];
  const reason = given.map(({ skip, todo }) => skip || todo).find(Boolean) || !run;
  const title = [
    ...suites
      .map((one) => one.name)
      .filter((part) => part !== undefined)
      .reverse(),
    name,
  ].join(' > ');
  const timeout = given.map((one) => one.timeout).find(Number.isFinite) ?? 5 * MINUTES;
  if (reason) return register(title, timeout, typeof reason === 'string' ? reason : 'skipped');
  for (const one of suites) one.open++;
  register(title, timeout, undefined, async () => {
    const stop = new AbortController();
    const context = {
      name,
      signal: stop.signal,
      diagnostic: (message) => console.log(message),
      skip(why = 'skipped') {
        throw new Skipped(why);
      },
    };
    const inwards = [...suites].reverse();
    try {
      for (const one of inwards) {
        one.started ??= all(one.hooks.before, context);
        await one.started;
      }
      for (const one of inwards) await all(one.hooks.beforeEach, context);
      try {
        await within(timeout, () => run(context));
      } finally {
        for (const one of suites) await all(one.hooks.afterEach, context);
      }
    } finally {
      stop.abort();
      for (const one of suites) if (--one.open === 0) await all(one.hooks.after, context);
    }
  });
}

async function all(hooks, context) {
  for (const hook of hooks) await hook(context);
}

async function within(timeout, run) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`The test did not end within ${timeout} ms.`)), timeout);
  });
  try {
    return await Promise.race([run(), late]);
  } finally {
    clearTimeout(timer);
  }
}

const register = deno ? registerDeno : registerMocha;

function registerMocha(name, timeout, skip, run) {
  const title = skip && skip !== 'skipped' ? `${name} # ${skip}` : name;
  if (skip) return globalThis.it.skip(title, () => {});
  globalThis
    .it(title, async function () {
      try {
        await running('started', name);
        await run();
      } catch (error) {
        if (!(error instanceof Skipped)) throw error;
        console.log(`${name}: skipped, ${error.message}`);
        this.skip();
      } finally {
        await running('ended', name);
      }
    })
    .timeout(timeout + MINUTES);
}

/** Tells web-test-runner.config.mjs which test the page is at. */
async function running(event, name) {
  const scripts = performance.getEntriesByType('resource').map((entry) => new URL(entry.name).pathname);
  const file = scripts.find((path) => path.endsWith('.test.js'));
  await fetch('/test-progress', { method: 'POST', body: JSON.stringify({ [event]: name, file }) }).catch(() => {});
}

function registerDeno(name, _timeout, skip, run) {
  const file = deno.env.get('BAGSSL_TEST_RESULTS');
  const record = (entry) => file && deno.writeTextFileSync(file, `${JSON.stringify(entry)}\n`, { append: true });
  const sanitizers = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };
  if (skip) {
    // Deno does not call an ignored test, so that it is recorded here.
    record({ name, state: 'skipped' });
    return deno.test({ name: skip === 'skipped' ? name : `${name} # ${skip}`, ignore: true, fn() {}, ...sanitizers });
  }
  deno.test({
    name,
    ...sanitizers,
    async fn({ origin }) {
      const start = performance.now();
      const end = (state) => {
        record({ ended: name, file: origin });
        record({ name, file: origin, state, ms: performance.now() - start });
      };
      record({ started: name, file: origin });
      try {
        await run();
      } catch (error) {
        end(error instanceof Skipped ? 'skipped' : 'failed');
        if (error instanceof Skipped) return console.log(`skipped: ${error.message}`);
        throw error;
      }
      end('passed');
    },
  });
}

const named = (as) =>
  Object.assign((...args) => as({}, ...args), {
    skip: (...args) => as({ skip: true }, ...args),
    todo: (...args) => as({ todo: true }, ...args),
  });

export const describe = named(describeAs);
export const it = named(itAs);
export { describe as suite, it as test };
export default it;

const hook = (kind) => (run) => current.hooks[kind].push(run);
export const before = hook('before');
export const after = hook('after');
export const beforeEach = hook('beforeEach');
export const afterEach = hook('afterEach');
