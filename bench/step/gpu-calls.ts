/** What a program asked of WebGPU. */
export interface GpuCalls {
  /** Kernels started. */
  readonly dispatches: number;
  /** Compute passes. */
  readonly passes: number;
  /** Copies from buffer to buffer; each ends a pass. */
  readonly copies: number;
  /** Calls of `queue.submit`. */
  readonly submits: number;
  /** Bind groups created. */
  readonly bind_groups: number;
  /** Calls of `queue.writeBuffer`. */
  readonly buffer_writes: number;
  /** Bytes uploaded, by `writeBuffer` or in buffers that are mapped when they are created. */
  readonly bytes_written: number;
  /** Buffers mapped to be read. */
  readonly read_backs: number;
  /** Bytes of those buffers. */
  readonly bytes_read: number;
}

type Counts = { -readonly [K in keyof GpuCalls]: number };
type Method = (...args: unknown[]) => unknown;

const zero = (): Counts => ({
  dispatches: 0,
  passes: 0,
  copies: 0,
  submits: 0,
  bind_groups: 0,
  buffer_writes: 0,
  bytes_written: 0,
  read_backs: 0,
  bytes_read: 0,
});

/**
 * Counts what this realm asks of WebGPU from now on, whichever library asks. The counts depend on the program alone, neither on the
 * card nor on its load. The returned function gives the counts since the last call of it.
 */
export function countGpuCalls(): () => GpuCalls {
  let counts = zero();
  const before = (type: string, method: string, note: (self: unknown, args: unknown[]) => void) => {
    const prototype = (globalThis as unknown as Record<string, { prototype: Record<string, Method> } | undefined>)[type]
      ?.prototype;
    const plain = prototype?.[method];
    if (!prototype || !plain) return;
    prototype[method] = function (...args) {
      note(this, args);
      return plain.apply(this, args);
    };
  };
  const one = (type: string, method: string, name: keyof GpuCalls) =>
    before(type, method, () => {
      counts[name]++;
    });
  one('GPUComputePassEncoder', 'dispatchWorkgroups', 'dispatches');
  one('GPUComputePassEncoder', 'dispatchWorkgroupsIndirect', 'dispatches');
  one('GPUCommandEncoder', 'beginComputePass', 'passes');
  one('GPUCommandEncoder', 'copyBufferToBuffer', 'copies');
  one('GPUQueue', 'submit', 'submits');
  one('GPUDevice', 'createBindGroup', 'bind_groups');
  before('GPUQueue', 'writeBuffer', (_, [, , data, from, length]) => {
    counts.buffer_writes++;
    counts.bytes_written += bytesOf(data as ArrayBuffer | ArrayBufferView, from as number, length as number);
  });
  before('GPUDevice', 'createBuffer', (_, [options]) => {
    const { mappedAtCreation, size } = options as GPUBufferDescriptor;
    if (mappedAtCreation) counts.bytes_written += size;
  });
  before('GPUBuffer', 'mapAsync', (self, [mode]) => {
    if (mode !== GPUMapMode.READ) return;
    counts.read_backs++;
    counts.bytes_read += (self as GPUBuffer).size;
  });
  return () => {
    const found = counts;
    counts = zero();
    return found;
  };
}

/** The bytes of writeBuffer's data; its offset and length are elements of a typed array, else bytes. */
function bytesOf(data: ArrayBuffer | ArrayBufferView, from = 0, length?: number): number {
  const { BYTES_PER_ELEMENT: element = 1 } = data as { BYTES_PER_ELEMENT?: number };
  return length === undefined ? data.byteLength - from * element : length * element;
}

/** The calls of one of `steps`. */
export function perStep(calls: GpuCalls, steps: number): GpuCalls {
  const entries = Object.entries(calls).map(([name, count]) => [name, Number((count / steps).toFixed(1))]);
  return Object.fromEntries(entries) as unknown as GpuCalls;
}
