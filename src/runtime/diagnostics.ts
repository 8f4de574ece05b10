import { VERSION } from '../base/version.ts';
import { processors } from '../threads/node-threads.ts';
import { availableThreads, chooseDevice, whyNoNative } from './choose-device.ts';
import { type Adapter, type Device, findAdapter, inDeno, inNode, onServer } from './device.ts';

/** Whether a feature is available on this device and, if not, why. */
export interface Offer {
  /** Whether it can be used. */
  readonly available: boolean;
  /** If not, a sentence that says why and, if anything helps, what to do. */
  readonly why?: string;
}

/** What this device offers the package. */
export interface Diagnostics {
  /** The package's version. */
  readonly version: string;
  /** For example `Node 22.1.0, linux x64`; in a page the browser's user agent. */
  readonly platform: string;
  /** The engine of `device: 'auto'`. */
  readonly device: Device;
  /** CPU threads of that engine, 1 or more. */
  readonly threads: number;
  /** Logical processors; 1 if unknown. */
  readonly processors: number;
  /** The WebGPU adapter, if there is one, used or not. */
  readonly adapter?: Adapter;
  /** A GPU that is faster than wasm. */
  readonly webgpu: Offer;
  /** The package onnxruntime-node. */
  readonly native: Offer;
  /** More than one thread for wasm. */
  readonly wasmThreads: Offer;
  /** A page that is cross-origin isolated. */
  readonly isolation: Offer;
  /** WebAssembly's 128-bit SIMD, which ONNX Runtime's wasm and the patch kernels need. */
  readonly simd: Offer;
  /** WebAssembly's promise integration: the smaller of ONNX Runtime's two WebGPU builds. */
  readonly jspi: Offer;
  /** Training and embedding in float16. */
  readonly halfFloats: Offer;
  /** The browser's private files, where `browserStore` keeps runs; with the site's quota and usage in bytes if known. */
  readonly storage: Offer & { readonly quota?: number; readonly usage?: number; readonly persisted?: boolean };
}

/**
 * Which features this device offers, which engine would be chosen, and why the others are missing. It compiles nothing and
 * fetches no WebAssembly; in Node it loads onnxruntime-node if it is installed. It never rejects.
 */
export async function diagnostics(): Promise<Diagnostics> {
  const ignore = () => {};
  const [found, device, noNative, storage] = await Promise.all([
    findAdapter(),
    chooseDevice(ignore),
    whyNoNative(),
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
    native: noNative ? { available: false, why: noNative } : { available: true },
    wasmThreads: offer(wasmThreads > 1, fewer ?? whyOneThread()),
    isolation: isolationOffer(),
    simd: offer(hasSimd(), 'This platform has no SIMD in WebAssembly; use a browser from 2023 or later.'),
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
    `The only adapter, "${found.name}", is software on the CPU, slower than wasm; device: "webgpu" uses it anyway.`,
  );
}

function whyOneThread(): string {
  if (inDeno()) return "ONNX Runtime's threads are unreliable in Deno, so it gets one. They work in Node.";
  return processors() > 1
    ? 'ONNX Runtime lost its GPU, and the build that replaced it has one thread. Restart the program.'
    : 'This device has one processor.';
}

function isolationOffer(): Offer {
  if (onServer()) return { available: true };
  return offer(
    globalThis.crossOriginIsolated === true,
    'The page is not cross-origin isolated. Send Cross-Origin-Opener-Policy "same-origin" and Cross-Origin-Embedder-Policy "require-corp".',
  );
}

/** The smallest module with a v128 (GoogleChromeLabs/wasm-feature-detect). */
const SIMD = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11],
);
const hasSimd = (): boolean => typeof WebAssembly === 'object' && WebAssembly.validate(SIMD);

function jspiOffer(): Offer {
  if (inNode()) return { available: false, why: "ONNX Runtime's JSPI build does not load in Node." };
  return offer('Suspending' in WebAssembly, 'WebAssembly.Suspending is missing, so the WebGPU build is 2.6 MB larger.');
}

function halfFloatsOffer(adapter: Adapter | undefined): Offer {
  if (!adapter) return { available: false, why: 'Only WebGPU computes in float16, and there is no adapter.' };
  return offer(adapter.halfFloats, `The adapter "${adapter.name}" does not offer "shader-f16".`);
}

async function storageOffer(): Promise<Diagnostics['storage']> {
  if (onServer())
    return { available: false, why: 'Only browsers have private files. Keep runs with folderStore of bagssl/node.' };
  const storage = (globalThis.navigator as Partial<Navigator> | undefined)?.storage;
  if (!storage?.getDirectory) {
    return {
      available: false,
      why: 'This page has no private files. Serve it over HTTPS or from localhost.',
    };
  }
  try {
    await storage.getDirectory();
    const [{ quota, usage }, persisted] = await Promise.all([storage.estimate(), storage.persisted()]);
    return { available: true, quota, usage, persisted };
  } catch (cause) {
    return { available: false, why: `The browser refused access to private files (${(cause as Error).message}).` };
  }
}

function platformName(): string {
  if (!onServer()) return globalThis.navigator?.userAgent ?? 'unknown';
  const { versions, platform, arch } = process;
  return `${versions.deno ? `Deno ${versions.deno}` : `Node ${versions.node}`}, ${platform} ${arch}`;
}
