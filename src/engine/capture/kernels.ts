import { type Block, isHalf, THREADS } from './blocks.ts';

/** A compute kernel, which runs several blocks side by side. */
export interface Kernel {
  /** WGSL, with an entry point `main`. */
  readonly code: string;
  readonly groups: number;
  /** What it binds, in the order of its bindings, and whether it writes there. */
  readonly buffers: readonly { readonly name: string; readonly written: boolean }[];
}

/** The most workgroups of a kernel, on every device. */
export const MOST_GROUPS = 65_535;

/**
 * Blocks are joined up to this many buffers, characters and blocks: lavapipe needs 40 s for a kernel of 100 kB, and 0.6 s for one of
 * 36 kB, and at more than 80 levels of `else if` it loses what the innermost write.
 */
const JOINED = { bindings: 8, length: 40_000, blocks: 64 };

/**
 * A GPU that is emulated in software computes every block of a kernel in every workgroup, and drops what is not its own. So there
 * blocks are joined only if workgroups × characters grow by no more than this, which takes less than half a millisecond, and to
 * fewer characters: it compiles 36 kB in 3 s and 15 kB in 0.8 s.
 */
const EMULATED = { growth: 100_000, length: 12_000 };

/**
 * Few kernels for these blocks.
 * @param bindings how many buffers a kernel may bind
 * @param emulated for a GPU that is emulated in software
 * @returns or why that cannot be
 */
export function kernelsOf(blocks: readonly Block[], bindings: number, emulated = false): Kernel[] | string {
  const packed: Block[][] = [];
  for (const block of blocks) {
    const bound = boundBy([block]).size;
    if (bound > bindings)
      return `a kernel must bind ${bound} buffers, and this GPU allows ${bindings} (maxStorageBuffersPerShaderStage)`;
    if (block.groups > MOST_GROUPS)
      return `a kernel needs ${block.groups} workgroups, and WebGPU allows ${MOST_GROUPS}`;
    const kernel = packed.find(
      (others) =>
        others.length < JOINED.blocks &&
        boundBy([...others, block]).size <= Math.min(JOINED.bindings, bindings) &&
        others.reduce((sum, { code }) => sum + code.length, block.code.length) <=
          (emulated ? EMULATED : JOINED).length &&
        others.reduce((sum, { groups }) => sum + groups, block.groups) <= MOST_GROUPS &&
        (!emulated || growth(others, block) <= EMULATED.growth),
    );
    if (kernel) kernel.push(block);
    else packed.push([block]);
  }
  return packed.map(written);
}

function growth(others: readonly Block[], block: Block): number {
  const groups = others.reduce((sum, other) => sum + other.groups, 0);
  const length = others.reduce((sum, other) => sum + other.code.length, 0);
  return groups * block.code.length + block.groups * length;
}

const boundBy = (blocks: readonly Block[]): Set<string> =>
  new Set(blocks.flatMap(({ reads, writes }) => [...reads, ...writes]));

function written(blocks: readonly Block[]): Kernel {
  const writes = new Set(blocks.flatMap((block) => [...block.writes]));
  const buffers = [...boundBy(blocks)].map((name) => ({ name, written: writes.has(name) }));
  const shared = Math.max(...blocks.map((block) => block.shared));
  let first = 0;
  const parts = blocks.map(({ code, groups }) => {
    const part = `if (group.x < ${first + groups}u) {
let block = group.x - ${first}u;
${code}
}`;
    first += groups;
    return part;
  });
  const bindings = buffers.map(
    ({ name, written }, k) =>
      `@group(0) @binding(${k}) var<storage, ${written ? 'read_write' : 'read'}> ${name}: array<${isHalf(name) ? 'f16' : 'f32'}>;`,
  );
  const code = `${buffers.some(({ name }) => isHalf(name)) ? 'enable f16;\n' : ''}${bindings.join('\n')}
${Array.from({ length: shared }, (_, k) => `var<workgroup> part${k}: array<f32, ${THREADS}>;`).join('\n')}
@compute @workgroup_size(${THREADS}) fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) me: u32) {
${parts.join(' else ')}
}`;
  return { code, groups: first, buffers };
}
