import { VERSION } from '../base/version.ts';
import { processors } from '../threads/node-threads.ts';
import { availableThreads, chooseDevice } from './choice.ts';
import { type Adapter, type Device, findAdapter, inDeno, inNode, onServer } from './device.ts';
import { loadOrt } from './ort.ts';

/** Whether something is to be had here; where it is not, a sentence that says why, and what to do if anything can be done. */
export interface Offer {
  /** Whether it is to be had here. */
  readonly available: boolean;
  /** Where it is not, a sentence that says why, and what to do if anything can be done. */
  readonly why?: string;
}

/** What a device offers this package. */
export interface Diagnostics {
  /** Of this package. */
  readonly version: string;
  /** Such as `Node 22.1.0, linux x64`; a browser's user agent in a page. */
  readonly platform: string;
  /** The engine that `device: 'auto'` takes. */
  readonly device: Device;
  /** The CPU threads that engine gets, 1 or more. */
  readonly threads: number;
  /** Logical processors, 1 where that is not known. */
  readonly processors: number;
  /** Where there is one, whether used or not. */
  readonly adapter?: Adapter;
  /** A GPU that is worth its use. */
  readonly webgpu: Offer;
  /** onnxruntime-node. */
  readonly native: Offer;
  /** More than one thread for wasm. */
  readonly wasmThreads: Offer;
  /** A page that is cross-origin isolated. */
  readonly isolation: Offer;
  /** WebAssembly's 128-bit SIMD, without which neither ONNX Runtime's wasm nor the patch kernels start. */
  readonly simd: Offer;
  /** WebAssembly's promise integration: the smaller of ONNX Runtime's two WebGPU builds. */
  readonly jspi: Offer;
  /** Training and embedding in float16. */
  readonly halfFloats: Offer;
  /** The private files in which `browserStore` keeps runs; with the bytes this site may store and does, where the browser tells. */
  readonly storage: Offer & { readonly quota?: number; readonly usage?: number; readonly persisted?: boolean };
}

/**
 * What this device offers, which engine would be chosen, and why not more. Nothing is compiled and no WebAssembly fetched;
 * in Node it loads onnxruntime-node where that is installed. It never rejects.
 */
export async function diagnostics(): Promise<Diagnostics> {
  const ignore = () => {};
  const [found, device, native, storage] = await Promise.all([
    findAdapter(),
    chooseDevice(ignore),
    nativeOffer(),
    storageOffer(),
  ]);
  const adapter = 'none' in found ? undefined : found;
  let fewer: string | undefined;
  const wasmThreads = availableThreads(undefined, 'wasm', (why) => {
    fewer = why;
  });
  return {
    version: VERSION,
    platform: platformName(),
    device,
    threads: device === 'webgpu' ? 1 : availableThreads(undefined, device, ignore),
    processors: processors(),
    ...(adapter && { adapter }),
    webgpu: webgpuOffer(found),
    native,
    wasmThreads: offer(wasmThreads > 1, fewer ?? whyOneThread()),
    isolation: isolationOffer(),
    simd: offer(hasSimd(), 'This platform has no SIMD in WebAssembly; take a browser of 2023 or newer.'),
    jspi: jspiOffer(),
    halfFloats: halfFloatsOffer(adapter),
    storage,
  };
}

const offer = (available: boolean, why: string): Offer => (available ? { available } : { available, why });

function webgpuOffer(found: Adapter | { readonly none: string }): Offer {
  if ('none' in found) return { available: false, why: `There is no WebGPU: ${found.none}.` };
  return offer(
    !found.software,
    `The only adapter, "${found.name}", is a program on the CPU, slower than wasm; device: "webgpu" takes it all the same.`,
  );
}

async function nativeOffer(): Promise<Offer> {
  if (!inNode()) return { available: false, why: 'onnxruntime-node runs in Node alone.' };
  try {
    await loadOrt('native');
    return { available: true };
  } catch {
    return { available: false, why: 'onnxruntime-node is not installed: npm install onnxruntime-node.' };
  }
}

function whyOneThread(): string {
  if (inDeno()) return "ONNX Runtime's threads are not reliable in Deno, so it gets one. Node runs them.";
  return processors() > 1
    ? 'ONNX Runtime has lost its GPU here, and the build that took over has one thread. Start anew.'
    : 'This device has one processor.';
}

function isolationOffer(): Offer {
  if (onServer()) return { available: true };
  return offer(
    globalThis.crossOriginIsolated === true,
    'The page is not cross-origin isolated. Send Cross-Origin-Opener-Policy "same-origin" and Cross-Origin-Embedder-Policy "require-corp".',
  );
}

/** The smallest module with a v128 in it (GoogleChromeLabs/wasm-feature-detect). */
const SIMD = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11],
);
const hasSimd = (): boolean => typeof WebAssembly === 'object' && WebAssembly.validate(SIMD);

function jspiOffer(): Offer {
  if (inNode()) return { available: false, why: "ONNX Runtime's JSPI build does not load in Node." };
  return offer('Suspending' in WebAssembly, 'WebAssembly.Suspending is not there; the WebGPU build is 2.6 MB larger.');
}

function halfFloatsOffer(adapter: Adapter | undefined): Offer {
  if (!adapter) return { available: false, why: 'Only WebGPU computes in float16, and there is no adapter.' };
  return offer(adapter.halfFloats, `The adapter "${adapter.name}" does not offer "shader-f16".`);
}

async function storageOffer(): Promise<Diagnostics['storage']> {
  if (onServer())
    return { available: false, why: 'Only browsers have it; here folderStore of bagssl/node keeps runs.' };
  const storage = (globalThis.navigator as Partial<Navigator> | undefined)?.storage;
  if (!storage?.getDirectory) {
    return {
      available: false,
      why: 'This browser gives pages no private files here; it does over HTTPS and on localhost.',
    };
  }
  try {
    await storage.getDirectory();
    const [{ quota, usage }, persisted] = await Promise.all([storage.estimate(), storage.persisted()]);
    return { available: true, quota, usage, persisted };
  } catch (cause) {
    return { available: false, why: `The browser refuses this page its private files (${(cause as Error).message}).` };
  }
}

function platformName(): string {
  if (!onServer()) return globalThis.navigator?.userAgent ?? 'unknown';
  const { versions, platform, arch } = process;
  return `${versions.deno ? `Deno ${versions.deno}` : `Node ${versions.node}`}, ${platform} ${arch}`;
}
