/** A kernel that ORT would start: it always reads and writes the same buffers. */
export interface Command {
  readonly pipeline: GPUComputePipeline;
  readonly bound: readonly (readonly [number, GPUBindGroup])[];
  readonly groups: readonly [number, number?, number?];
}

/**
 * Notes the kernels that this realm would start until the returned function is called, which gives them, and where it copies from
 * buffer to buffer. None is started meanwhile: a step would be computed twice otherwise, and once more when it is replayed.
 */
export function recordKernels(): () => (Command | 'copy')[] {
  const { prototype } = GPUComputePassEncoder;
  const { setPipeline, setBindGroup, dispatchWorkgroups } = prototype;
  const { copyBufferToBuffer } = GPUCommandEncoder.prototype;
  const commands: (Command | 'copy')[] = [];
  let pipeline: GPUComputePipeline | undefined;
  let bound = new Map<number, GPUBindGroup>();
  prototype.setPipeline = (given) => {
    pipeline = given;
  };
  prototype.setBindGroup = (index: number, group: GPUBindGroup | null | undefined) => {
    bound = new Map(bound).set(index, group!);
  };
  prototype.dispatchWorkgroups = (...groups) => {
    commands.push({ pipeline: pipeline!, bound: [...bound], groups });
  };
  GPUCommandEncoder.prototype.copyBufferToBuffer = function (this: GPUCommandEncoder, ...args: unknown[]) {
    commands.push('copy');
    return (copyBufferToBuffer as (...args: unknown[]) => undefined).apply(this, args);
  };
  return () => {
    GPUCommandEncoder.prototype.copyBufferToBuffer = copyBufferToBuffer;
    Object.assign(prototype, { setPipeline, setBindGroup, dispatchWorkgroups });
    return commands;
  };
}

/** ORT starts the kernels of a captured run twice: it records them, and replays the record. Undefined for anything else. */
export function secondHalf(started: readonly (Command | 'copy')[]): Command[] | undefined {
  const kernels = started.filter((one) => one !== 'copy');
  const half = kernels.length / 2;
  const twice = kernels.slice(0, half).every((one, k) => {
    const { pipeline, groups } = kernels[half + k];
    return one.pipeline === pipeline && `${one.groups}` === `${groups}`;
  });
  return half > 0 && twice && kernels.length === started.length ? kernels.slice(half) : undefined;
}
