import { type Block, THREADS } from './blocks.ts';

/** A compute kernel, which runs several blocks side by side. */
export interface Kernel {
  /** WGSL, with an entry point `main`. */
  readonly code: string;
  readonly groups: number;
  /** What it binds, in the order of its bindings, and whether it writes there. */
  readonly buffers: readonly { readonly name: string; readonly written: boolean }[];
}

/** The most workgroups of a kernel, on every device. */
const MOST_GROUPS = 65_535;

/** As few kernels as these blocks need. @param bindings how many buffers a kernel may bind; undefined if one needs more */
export function kernelsOf(blocks: readonly Block[], bindings: number): Kernel[] | undefined {
  const packed: Block[][] = [];
  for (const block of blocks) {
    if (block.groups > MOST_GROUPS || boundBy([block]).size > bindings) return undefined;
    const kernel = packed.find(
      (others) =>
        boundBy([...others, block]).size <= bindings &&
        others.reduce((sum, { groups }) => sum + groups, block.groups) <= MOST_GROUPS,
    );
    if (kernel) kernel.push(block);
    else packed.push([block]);
  }
  return packed.map(written);
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
  const code = `${buffers.map(({ name, written }, k) => `@group(0) @binding(${k}) var<storage, ${written ? 'read_write' : 'read'}> ${name}: array<f32>;`).join('\n')}
${Array.from({ length: shared }, (_, k) => `var<workgroup> part${k}: array<f32, ${THREADS}>;`).join('\n')}
@compute @workgroup_size(${THREADS}) fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) me: u32) {
${parts.join(' else ')}
}`;
  return { code, groups: first, buffers };
}
