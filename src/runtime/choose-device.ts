import type { BagsslError } from '../base/errors.ts';
import { processors } from '../threads/node-threads.ts';
import { type Device, findAdapter, inDeno, inNode, onServer } from './device.ts';
import { loadOrt, threadsStart } from './ort.ts';

/** The engine of `device: 'auto'`: a GPU, else in Node onnxruntime-node, else wasm. `warn` gets a sentence on why it is wasm. */
export async function chooseDevice(warn: (message: string) => void): Promise<Device> {
  const adapter = await findAdapter();
  if (!('none' in adapter) && !adapter.software) return 'webgpu';
  const missing = await whyNoNative();
  if (!missing) return 'native';
  const why =
    'none' in adapter ? adapter.none : `the only adapter, "${adapter.name}", is software and slower than wasm`;
  warn(inNode() ? `Running on wasm. ${missing}` : `Running on wasm: ${why}.`);
  return 'wasm';
}

/** Why onnxruntime-node is not available and what to do, in sentences; undefined if it is. */
export async function whyNoNative(): Promise<string | undefined> {
  if (!inNode()) return 'onnxruntime-node runs only in Node.';
  try {
    await loadOrt('native');
    return undefined;
  } catch (error) {
    const { code, message } = (error as BagsslError).cause as { code?: string; message?: string };
    const why = code === 'ERR_MODULE_NOT_FOUND' ? 'is not installed' : `did not load (${message}). Reinstall it`;
    return `onnxruntime-node is about three times faster here, but ${why}: npm install onnxruntime-node.`;
  }
}

/** How many of the requested threads a CPU engine gets; `warn` gets a sentence if wasm gets fewer. */
export function availableThreads(asked: number | undefined, device: Device, warn: (message: string) => void): number {
  if (device === 'wasm' && inDeno()) {
    // Measured on Deno 2.9: with two threads about one run in four hangs.
    if ((asked ?? 1) > 1) warn("One wasm thread: ONNX Runtime's threads are unreliable in Deno. They work in Node.");
    return 1;
  }
  if (device === 'wasm' && !threadsStart()) return 1;
  const wanted = asked ?? Math.min(4, processors());
  if (device === 'wasm' && wanted > 1 && !onServer() && !globalThis.crossOriginIsolated) {
    warn(
      'One wasm thread: this page is not cross-origin isolated. Send COOP "same-origin" and COEP "require-corp" for more.',
    );
    return 1;
  }
  return wanted;
}
