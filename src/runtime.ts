/** `bagssl/runtime`: ONNX Runtime on this device: which engine, how precise, and programs that keep their state there. */
export {
  type Adapter,
  checkDevice,
  DEVICE_CHOICES,
  type Device,
  type DeviceChoice,
  findAdapter,
  type GpuLimits,
} from './runtime/device.ts';
export { type Diagnostics, diagnostics, type Offer } from './runtime/diagnostics.ts';
export type { Build, OrtModules } from './runtime/ort-modules.ts';
export { PRECISION_CHOICES, type PrecisionChoice } from './runtime/precision.ts';
export type { Engine, HostTensor, Program } from './runtime/program.ts';
export { type ExternalData, Runtime, type RuntimeOptions } from './runtime/runtime.ts';
