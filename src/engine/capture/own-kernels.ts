import type { Kernel } from './kernels.ts';

interface Bound {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly groups: number;
}

/** Kernels of our own on one GPU, by stage, with everything bound once. */
export class OwnKernels {
  private constructor(private readonly stages: readonly (readonly Bound[])[]) {}

  static async create(
    gpu: GPUDevice,
    stages: readonly (readonly Kernel[])[],
    bufferOf: (name: string) => GPUBuffer,
  ): Promise<OwnKernels> {
    // Products of the same shapes have the same code.
    const made = new Map<string, { layout: GPUBindGroupLayout; compiled: Promise<GPUComputePipeline> }>();
    const compile = ({ code, buffers }: Kernel) => {
      const layout = gpu.createBindGroupLayout({
        entries: buffers.map(({ written }, binding) => ({
          binding,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { type: written ? 'storage' : 'read-only-storage' },
        })),
      });
      const compiled = gpu.createComputePipelineAsync({
        layout: gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module: gpu.createShaderModule({ code }), entryPoint: 'main' },
      });
      made.set(code, { layout, compiled });
      return { layout, compiled };
    };
    const bind = async (kernel: Kernel): Promise<Bound> => {
      const { code, groups, buffers } = kernel;
      const { layout, compiled } = made.get(code) ?? compile(kernel);
      const pipeline = await compiled;
      const entries = buffers.map(({ name }, binding) => ({ binding, resource: { buffer: bufferOf(name) } }));
      return { pipeline, group: gpu.createBindGroup({ layout, entries }), groups };
    };
    return new OwnKernels(await Promise.all(stages.map((kernels) => Promise.all(kernels.map(bind)))));
  }

  /** Starts a stage's kernels. */
  run(pass: GPUComputePassEncoder, stage: number): void {
    for (const { pipeline, group, groups } of this.stages[stage]) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(groups);
    }
  }
}
