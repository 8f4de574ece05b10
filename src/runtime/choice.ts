import { processors } from '../threads/node-threads.ts';
import { type Device, findAdapter, inDeno, inNode, onServer } from './device.ts';
import { loadOrt, threadsStart } from './ort.ts';

/** What `auto` is here; where that is wasm, `warn` gets one sentence that says why. */
export async function chooseDevice(warn: (message: string) => void): Promise<Device> {
  const adapter = await findAdapter();
  if (!('none' in adapter) && !adapter.software) return 'webgpu';
  const why =
    'none' in adapter ? adapter.none : `the only adapter, "${adapter.name}", is software and slower than wasm`;
  if (inNode()) {
    try {
      await loadOrt('native');
      return 'native';
    } catch {
      // onnxruntime-node is optional.
    }
  }
  warn(`Running on wasm: ${why}.`);
  return 'wasm';
}

/** The threads that the CPU engines get of those asked for; where wasm gets fewer, `warn` is told why. */
export function availableThreads(asked: number | undefined, device: Device, warn: (message: string) => void): number {
  if (device === 'wasm' && inDeno()) {
    // Measured on Deno 2.9: with two threads a run in about four waits for ever.
    if ((asked ?? 1) > 1) warn("One wasm thread: ORT's threads are not reliable in Deno. Node runs them.");
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
