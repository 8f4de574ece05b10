import { type DeviceChoice, findAdapter } from 'bagssl/runtime';

/** The folder of ONNX Runtime beside the scripts; set when the site is built. */
declare const ORT: string;

const at = (file: string) => new URL(`./${ORT}/${file}`, import.meta.url).href;

/** This site's ONNX Runtime: the option `modules` of everything that computes, in workers too. */
export const MODULES = {
  'onnxruntime-web/wasm': at('ort.wasm.bundle.min.mjs'),
  'onnxruntime-web/webgpu': at('ort.webgpu.bundle.min.mjs'),
  'onnxruntime-web/jspi': at('ort.jspi.bundle.min.mjs'),
} as const;

/** The device that the page computes on, and why. */
export interface Engine {
  readonly device: 'webgpu' | 'wasm';
  /** A sentence for the page. */
  readonly note: string;
}

/**
 * The graphics card (WebGPU) if there is a real one, otherwise the processor (WebAssembly).
 * @param asked a device given by name is used as it is
 */
export async function chooseEngine(asked: DeviceChoice = 'auto'): Promise<Engine> {
  const adapter = await findAdapter();
  const processor = thisProcessor();
  if ('none' in adapter) {
    const why = asked === 'webgpu' ? 'WebGPU finds no graphics card' : 'this browser offers no graphics card (WebGPU)';
    return { device: 'wasm', note: `Computes on ${processor}: ${why}.` };
  }
  const card = `the graphics card (${adapter.name})`;
  if (asked === 'webgpu') return { device: 'webgpu', note: `Computes on ${card}, as chosen.` };
  if (asked === 'wasm') return { device: 'wasm', note: `Computes on ${processor}, as chosen.` };
  if (adapter.software) {
    return { device: 'wasm', note: `Computes on ${processor}: the only WebGPU adapter is software, which is slower.` };
  }
  return { device: 'webgpu', note: `Computes on ${card} with WebGPU.` };
}

function thisProcessor(): string {
  const threads = crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;
  return `the processor, ${threads === 1 ? 'one thread' : `${threads} threads`}`;
}

/** The engine after the graphics card has stopped. */
export const afterLoss = (): Engine => ({
  device: 'wasm',
  note: `Computes on ${thisProcessor()}: the graphics card stopped.`,
});

/** `?device=wasm` or `webgpu` in the address, else `auto`. */
export function askedDevice(): DeviceChoice {
  const asked = new URLSearchParams(location.search).get('device');
  return asked === 'wasm' || asked === 'webgpu' ? asked : 'auto';
}

/** The WebAssembly file that this device needs. */
export function engineFile(device: Engine['device']): string {
  if (device === 'wasm') return at('ort-wasm-simd-threaded.wasm');
  return at(`ort-wasm-simd-threaded.${'Suspending' in WebAssembly ? 'jspi' : 'asyncify'}.wasm`);
}
