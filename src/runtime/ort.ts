import type * as Ort from 'onnxruntime-web';
import { BagsslError } from '../base/errors.ts';
import { type Device, inNode, onServer } from './device.ts';
import { movedBuild } from './moved-build.ts';
import { type Build, importBuild, type OrtModules } from './ort-modules.ts';

export type OrtModule = typeof Ort;

// ORT fails when two sessions are created or run at the same time, even by two copies of this module. So the realm has one
// queue, found by a registered symbol.
const QUEUE = Symbol.for('bagssl.ort-queue');
const realm = globalThis as { [QUEUE]?: Promise<unknown> };

/** Runs `work` after all earlier work has settled: ORT does one thing at a time in a realm. */
export function exclusively<T>(work: () => Promise<T>): Promise<T> {
  const result = (realm[QUEUE] ?? Promise.resolve()).then(work).finally(turn);
  realm[QUEUE] = result.catch(() => undefined);
  return result;
}

/**
 * One turn of the event loop. A run on the CPU blocks its thread, and runs chained only by promises would hold up signals,
 * messages and timers until the last one ends.
 */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** Builds that aborted when their GPU was lost, or lost their memory for good: this realm does not use them again. */
const abandoned = new Set<OrtModule>();

/** Makes `loadOrt` return another build from now on. */
export const abandon = (ort: OrtModule): void => {
  abandoned.add(ort);
};

/**
 * The build of ONNX Runtime for a device. Browsers never get the package's root, the old JSEP build. In Node the root is the
 * wasm-only build for servers, the only one whose threads start there (measured: 1.8 times as fast on two cores), so wasm
 * uses it first.
 */
export async function loadOrt(device: Device, modules: OrtModules = {}): Promise<OrtModule> {
  if (device === 'native')
    return loadOptional('onnxruntime-node', 'Install it (npm install onnxruntime-node), or use device "wasm".');
  const root = () => loadOptional('onnxruntime-web', 'Reinstall bagssl, which depends on it.');
  const build = async (name: Build) => {
    const url = modules[name] ?? movedBuild(name);
    try {
      const module = url ? import(/* webpackIgnore: true */ /* @vite-ignore */ url) : importBuild[name]();
      return (await module) as OrtModule;
    } catch (cause) {
      throw notLoaded(name, 'Serve it with this package, or give its URL (modules).', cause);
    }
  };
  const wasm = () => build('onnxruntime-web/wasm');
  const asyncify = () => build('onnxruntime-web/webgpu');
  // JSPI needs 4.1 MB gzip instead of asyncify's 6.7, but its build does not load in Node.
  const jspi = () => build('onnxruntime-web/jspi');
  const cpu = inNode() ? [root, wasm] : [wasm, asyncify];
  const gpu = 'Suspending' in WebAssembly && !inNode() ? [jspi, asyncify] : [asyncify];
  const builds = device === 'wasm' ? cpu : gpu;
  for (const load of builds) {
    const ort = await load();
    // The last build for wasm is used even without its memory: there is no other.
    if (!abandoned.has(ort) || (device === 'wasm' && load === builds.at(-1))) return ort;
  }
  throw new BagsslError(
    'device-unavailable',
    'ONNX Runtime lost its GPU too often. Use "wasm", or restart the program or reload the page.',
  );
}

/** In Node only the first build's threads start. */
export const threadsStart = (): boolean => !onServer() || abandoned.size === 0;

/** A module that bundlers must not follow: it is not for browsers, or may be missing. */
async function loadOptional(name: string, advice: string): Promise<OrtModule> {
  try {
    const module = await import(/* webpackIgnore: true */ /* @vite-ignore */ name);
    return module.InferenceSession ? module : module.default;
  } catch (cause) {
    throw notLoaded(name, advice, cause);
  }
}

const notLoaded = (name: string, advice: string, cause: unknown) =>
  new BagsslError(
    'device-unavailable',
    `The module "${name}" cannot be loaded (${cause instanceof Error ? cause.message : cause}). ${advice}`,
    { cause },
  );
