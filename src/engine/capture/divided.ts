import type { Outputs } from '../../graph/needed.ts';
import { GpuTail } from './gpu-tail.ts';
import { planTail } from './plan-tail.ts';

/** Storage buffers of a kernel that every WebGPU device has. */
const BINDINGS = 8;

/** The end of a model, computed by other kernels than ORT's. */
export interface Tail {
  /** Inputs of the whole model that it reads. */
  readonly inputs: readonly string[];
  /** Outputs of the whole model that it makes. */
  readonly outputs: readonly string[];
  /** @param place the buffer of an input of the model or of an output of the captured program; always the same one */
  open(gpu: GPUDevice, place: (name: string) => GPUBuffer): Promise<GpuTail>;
}

/** What ORT computes of a model and what our own kernels do; undefined where there is nothing for them. */
export function divided(outputs: Outputs): { readonly head: Outputs; readonly tail: Tail } | undefined {
  const plan = planTail(outputs, BINDINGS);
  if (!plan) return undefined;
  const { head, tail } = plan;
  const open: Tail['open'] = (gpu, place) => GpuTail.create(gpu, tail, place);
  return { head, tail: { inputs: tail.inputs, outputs: Object.keys(tail.outputs), open } };
}
