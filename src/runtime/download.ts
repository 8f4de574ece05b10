import type * as Ort from 'onnxruntime-web';

/** A tensor's place on the GPU. */
export interface OnGpu {
  readonly buffer: GPUBuffer;
  /** Its float32 elements. */
  readonly length: number;
  /** Where they begin in the buffer, bytes; default 0. */
  readonly offset?: number;
}

/** The buffer of a tensor on the GPU. */
export const bufferOf = (tensor: Ort.Tensor): GPUBuffer => tensor.gpuBuffer as never;

/** The place of a tensor. */
export const onGpu = (tensor: Ort.Tensor): OnGpu => ({ buffer: bufferOf(tensor), length: tensor.size });

/** The most bytes copied at a time, but for a larger tensor: WebGPU guarantees buffers of 256 MiB. */
const MOST = 2 ** 27;

/**
 * Copies of float32 tensors in host memory. As many as fit are read through one mapped buffer, because each one that is mapped
 * waits for the GPU.
 * @param map how to wait for a mapping; it must not run while ORT does
 */
export async function download(
  gpu: GPUDevice,
  tensors: readonly OnGpu[],
  map: (buffer: GPUBuffer) => Promise<void>,
): Promise<Float32Array[]> {
  const size = tensors.reduce((total, { length }) => total + length * 4, 0);
  if (size > MOST && tensors.length > 1) {
    const half = tensors.length >> 1;
    return [...(await download(gpu, tensors.slice(0, half), map)), ...(await download(gpu, tensors.slice(half), map))];
  }
  if (size === 0) return [];
  const copy = gpu.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = gpu.createCommandEncoder();
  let at = 0;
  for (const { buffer, length, offset = 0 } of tensors) {
    encoder.copyBufferToBuffer(buffer, offset, copy, at, length * 4);
    at += length * 4;
  }
  gpu.queue.submit([encoder.finish()]);
  await map(copy);
  const all = new Float32Array(copy.getMappedRange().slice(0));
  copy.destroy();
  at = 0;
  return tensors.map(({ length }) => {
    at += length;
    return all.slice(at - length, at);
  });
}
