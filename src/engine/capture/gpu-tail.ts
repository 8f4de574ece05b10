import type { OnGpu } from '../../runtime/download.ts';

/** One compute kernel of a tail. It binds the scalars, the partial sums if it `sums`, what it reads and what it writes, in this order. */
export interface TailKernel {
  /** WGSL, with an entry point `main`. */
  readonly code: string;
  readonly groups: number;
  readonly sums: boolean;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

/** What a captured program leaves to kernels of our own: its last nodes, each of which works on one element at a time or sums a tensor. */
export interface TailPlan {
  /** Scalars that are copied into the scalars' buffer first: tensor by place. */
  readonly scalars: readonly string[];
  /** All places of the scalars' buffer and of the partial sums. */
  readonly places: number;
  readonly partials: number;
  readonly kernels: readonly TailKernel[];
  /** What the kernels write: elements by name. */
  readonly outputs: Readonly<Record<string, number>>;
  /** Inputs of the whole model that the kernels read. */
  readonly inputs: readonly string[];
}

/** A tail on one GPU, with everything bound once. */
export class GpuTail {
  private constructor(
    private readonly gpu: GPUDevice,
    private readonly scalars: GPUBuffer,
    private readonly sources: readonly GPUBuffer[],
    private readonly steps: readonly { pipeline: GPUComputePipeline; bound: GPUBindGroup; groups: number }[],
    /** What the kernels write, by name. */
    readonly outputs: ReadonlyMap<string, OnGpu>,
    private readonly owned: readonly GPUBuffer[],
  ) {}

  /** @param place the buffer of an input of the model or of an output of the captured program; always the same one */
  static async create(gpu: GPUDevice, plan: TailPlan, place: (name: string) => GPUBuffer): Promise<GpuTail> {
    const owned: GPUBuffer[] = [];
    const allocate = (length: number) => {
      const size = Math.ceil((length * 4) / 16) * 16;
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      owned.push(gpu.createBuffer({ size, usage }));
      return owned.at(-1)!;
    };
    const scalars = allocate(Math.max(1, plan.places));
    const partials = allocate(Math.max(1, plan.partials));
    const outputs = new Map<string, OnGpu>(
      Object.entries(plan.outputs).map(([name, length]) => [name, { buffer: allocate(length), length }]),
    );
    const steps = await Promise.all(
      plan.kernels.map(async ({ code, groups, sums, reads, writes }) => {
        const storage = (binding: number, writable: boolean): GPUBindGroupLayoutEntry => ({
          binding,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { type: writable ? 'storage' : 'read-only-storage' },
        });
        const shared = sums ? [scalars, partials] : [scalars];
        const buffers = [...shared, ...reads.map(place), ...writes.map((name) => outputs.get(name)!.buffer)];
        const given = shared.length + reads.length;
        const layout = gpu.createBindGroupLayout({
          entries: buffers.map((_, k) => storage(k, k < shared.length || k >= given)),
        });
        const pipeline = await gpu.createComputePipelineAsync({
          layout: gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
          compute: { module: gpu.createShaderModule({ code }), entryPoint: 'main' },
        });
        const bound = gpu.createBindGroup({
          layout,
          entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
        });
        return { pipeline, bound, groups };
      }),
    );
    return new GpuTail(gpu, scalars, plan.scalars.map(place), steps, outputs, owned);
  }

  /** Runs all kernels, after what the captured program has submitted. */
  run(): void {
    const encoder = this.gpu.createCommandEncoder();
    for (const [k, source] of this.sources.entries()) encoder.copyBufferToBuffer(source, 0, this.scalars, k * 4, 4);
    const pass = encoder.beginComputePass();
    for (const { pipeline, bound, groups } of this.steps) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bound);
      pass.dispatchWorkgroups(groups);
    }
    pass.end();
    this.gpu.queue.submit([encoder.finish()]);
  }

  dispose(): void {
    for (const buffer of this.owned) buffer.destroy();
  }
}
