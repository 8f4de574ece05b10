import type * as Ort from 'onnxruntime-web';
import type { Shape } from '../graph/graph.ts';
import { elements } from '../graph/graph.ts';
import type { HostTensor } from './program.ts';

/** A float32 buffer for a tensor, which ORT and copies may read and write. */
export function tensorBuffer(gpu: GPUDevice, shape: Shape): GPUBuffer {
  const size = Math.ceil((elements(shape) * 4) / 16) * 16;
  return gpu.createBuffer({
    size,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  });
}

/** Inputs on the GPU, each in the same buffer at every run: a replay reads the buffers of the run that was captured. */
export class FixedBuffers {
  readonly #tensors = new Map<string, { readonly buffer: GPUBuffer; readonly tensor: Ort.Tensor }>();

  constructor(
    private readonly gpu: GPUDevice,
    private readonly Tensor: typeof Ort.Tensor,
  ) {}

  /** Uploads a tensor, which always has one shape. */
  fed(name: string, { data, shape }: HostTensor): Ort.Tensor {
    let known = this.#tensors.get(name);
    if (!known) {
      const buffer = tensorBuffer(this.gpu, shape);
      const tensor = this.Tensor.fromGpuBuffer(buffer as never, { dataType: 'float32', dims: shape });
      known = { buffer, tensor };
      this.#tensors.set(name, known);
    }
    this.gpu.queue.writeBuffer(known.buffer, 0, data as Float32Array<ArrayBuffer>);
    return known.tensor;
  }

  dispose(): void {
    for (const { buffer, tensor } of this.#tensors.values()) {
      tensor.dispose();
      buffer.destroy();
    }
    this.#tensors.clear();
  }
}
