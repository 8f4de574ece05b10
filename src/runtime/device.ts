import { BagsslError } from '../base/errors.ts';

/** An engine: `webgpu` and `wasm` are onnxruntime-web's providers, `native` is onnxruntime-node on the CPU. */
export type Device = 'webgpu' | 'wasm' | 'native';
/** `auto` takes a GPU if there is one, else in Node onnxruntime-node if it is installed, else wasm. */
export type DeviceChoice = 'auto' | Device;

export const DEVICE_CHOICES: readonly DeviceChoice[] = ['auto', 'webgpu', 'wasm', 'native'];

/** Limits of a GPU that decide how a training step is captured. */
export type GpuLimits = Pick<
  GPUSupportedLimits,
  'maxStorageBuffersPerShaderStage' | 'maxStorageBufferBindingSize' | 'maxBufferSize'
>;

/** A WebGPU adapter. */
export interface Adapter {
  /** Its name in the browser or driver. */
  readonly name: string;
  /** Whether it is software that emulates a GPU on the CPU. */
  readonly software: boolean;
  /** Whether its shaders compute in float16. */
  readonly halfFloats: boolean;
  /** What its buffers and kernels may be at most. ONNX Runtime's device has the same limits. */
  readonly limits: GpuLimits;
}

/** True in Node and Deno, false in pages and their workers. */
export const onServer = (): boolean =>
  typeof (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node === 'string';

export const inDeno = (): boolean => 'Deno' in globalThis;

export const inNode = (): boolean => onServer() && !inDeno();

/** The adapter that this realm would compute on, or why there is none. */
export async function findAdapter(): Promise<Adapter | { readonly none: string }> {
  const gpu = (globalThis.navigator as Navigator | undefined)?.gpu;
  if (!gpu) return { none: 'this platform has no navigator.gpu' };
  let adapter: GPUAdapter | null;
  try {
    adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  } catch (cause) {
    return { none: `requesting an adapter failed (${(cause as Error).message})` };
  }
  if (!adapter) return { none: 'no WebGPU adapter is available (no GPU, no driver, or it is blocked)' };
  const info: Partial<GPUAdapterInfo> & { isFallbackAdapter?: boolean } = adapter.info ?? {};
  const name = [info.vendor, info.architecture, info.device, info.description].filter(Boolean).join(' ') || 'unnamed';
  return {
    name,
    software: info.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|software/i.test(name),
    halfFloats: adapter.features.has('shader-f16'),
    limits: adapter.limits,
  };
}

/**
 * A device's name from outside, such as a command line, checked.
 * @throws BagsslError `bad-argument`
 */
export function checkDevice(choice: string): DeviceChoice {
  if (!DEVICE_CHOICES.includes(choice as DeviceChoice)) {
    throw new BagsslError('bad-argument', `Unknown device "${choice}"; choose one of ${DEVICE_CHOICES.join(', ')}.`);
  }
  return choice as DeviceChoice;
}
