/** A tensor's place on the GPU. */
export interface OnGpu {
  readonly buffer: GPUBuffer;
  /** Its float32 elements. */
  readonly length: number;
}

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
  const found: Float32Array[] = [];
  for (let from = 0; from < tensors.length; ) {
    const places: number[] = [];
    let size = 0;
    for (let k = from; k < tensors.length && (k === from || size + tensors[k].length * 4 <= MOST); k++) {
      places.push(size);
      size += tensors[k].length * 4;
    }
    const copy = gpu.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = gpu.createCommandEncoder();
    const group = tensors.slice(from, from + places.length);
    group.forEach(({ buffer, length }, k) => encoder.copyBufferToBuffer(buffer, 0, copy, places[k], length * 4));
    gpu.queue.submit([encoder.finish()]);
    await map(copy);
    const mapped = copy.getMappedRange();
    group.forEach(({ length }, k) => found.push(new Float32Array(mapped.slice(places[k], places[k] + length * 4))));
    copy.destroy();
    from += places.length;
  }
  return found;
}
