/** A tensor's place on the GPU. */
export interface OnGpu {
  readonly buffer: GPUBuffer;
  /** Its float32 elements. */
  readonly length: number;
}

/** The most bytes copied at a time: WebGPU guarantees buffers of 256 MiB. */
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
  const groups: OnGpu[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const tensor of tensors) {
    if (size + tensor.buffer.size > MOST) {
      groups.push([]);
      size = 0;
    }
    groups.at(-1)!.push(tensor);
    size += tensor.buffer.size;
  }
  const found: Float32Array[] = [];
  for (const group of groups) {
    const bytes = group.reduce((total, { buffer }) => total + buffer.size, 0);
    const copy = gpu.createBuffer({ size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = gpu.createCommandEncoder();
    let at = 0;
    for (const { buffer } of group) {
      encoder.copyBufferToBuffer(buffer, 0, copy, at, buffer.size);
      at += buffer.size;
    }
    gpu.queue.submit([encoder.finish()]);
    await map(copy);
    const mapped = copy.getMappedRange();
    at = 0;
    for (const { buffer, length } of group) {
      found.push(new Float32Array(mapped.slice(at, at + length * 4)));
      at += buffer.size;
    }
    copy.destroy();
  }
  return found;
}
