import { elements, type Node, type Value } from '../../graph/graph.ts';
import { needed, type Outputs } from '../../graph/needed.ts';
import { expressible, isScalar, operandsOf, SUMS, statements } from './expressions.ts';
import type { TailKernel, TailPlan } from './gpu-tail.ts';

/** Threads of a workgroup, and the most workgroups of a sum: each leaves one partial sum. */
const THREADS = 256;
const PARTS = 64;
/** The most workgroups of an elementwise kernel, whose threads then take several elements. */
const MOST_GROUPS = 4096;

/** Storage buffers that a kernel shares with others: the scalars, and in a sum the partial sums. */
const sharedBy = (sums: boolean): number => (sums ? 2 : 1);

/**
 * Divides a model in two: what ONNX Runtime computes, and its end, which kernels of our own compute: every node from which only
 * such nodes follow that work on one element at a time or sum a whole tensor. For a training step that is the update of all
 * parameters, whatever the optimizer, the running statistics, and the parts of the loss. ORT starts a kernel for each of these
 * nodes; ours fuse all nodes between two sums.
 * @param bindings how many storage buffers a kernel may have
 * @returns undefined where the end has nothing to fuse
 */
export function planTail(outputs: Outputs, bindings: number): { head: Outputs; tail: TailPlan } | undefined {
  const { nodes } = needed(outputs);
  const made = lastNodes(nodes);
  const ends = Object.entries(outputs).filter(([, value]) => made.has(value));
  if (ends.length === 0) return undefined;

  const head: Record<string, Value> = Object.fromEntries(
    Object.entries(outputs).filter(([, value]) => !made.has(value)),
  );
  const names = new Map<Value, string>(Object.entries(head).map(([name, value]) => [value, name]));
  const before = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const nameOf = (renamed: Value): string => {
    // A replay repeats kernels alone, and ORT makes an output that only renames another by a copy.
    let value = renamed;
    while (before.get(value)?.operator.kind === 'renaming') value = before.get(value)!.inputs[0];
    const known = names.get(value);
    if (known) return known;
    const input = value.graph.inputs.includes(value);
    const name = input ? value.name : `tail.${names.size}`;
    if (!input) head[name] = value;
    names.set(value, name);
    return name;
  };

  // Sums, in the order of execution, and after how many others each comes.
  const sums = [...made.values()].filter(({ operator }) => operator.type in SUMS).reverse();
  const level = new Map<Value, number>();
  const levelOf = (value: Value): number => {
    const node = made.get(value);
    if (!node) return 0;
    let found = level.get(value);
    if (found === undefined) {
      const before = Math.max(0, ...operandsOf(node).map(levelOf));
      found = node.operator.type in SUMS ? before + 1 : before;
      level.set(value, found);
    }
    return found;
  };
  for (const {
    outputs: [y],
  } of sums)
    levelOf(y);
  sums.sort((a, b) => level.get(a.outputs[0])! - level.get(b.outputs[0])!);

  const leaves = leavesOf(
    ends.map(([, value]) => value),
    made,
  );
  const scalars = leaves.filter(isScalar);
  const place = new Map<Value, number>(scalars.map((value, k) => [value, k]));
  for (const [k, sum] of sums.entries()) place.set(sum.outputs[0], scalars.length + k);

  const kernel = new Kernels(made, place, nameOf, sums, bindings);
  const levels = [...new Set(sums.map(({ outputs: [y] }) => level.get(y)!))];
  const kernels = levels.flatMap((at) => {
    const now = sums.filter(({ outputs: [y] }) => level.get(y) === at);
    const first = sums.indexOf(now[0]);
    return [...kernel.sums(now), finish(first, now.length, scalars.length + first)];
  });
  const ended = kernel.ends(ends);
  if (!ended || kernels.some((one) => !one)) return undefined;
  const all = [...kernels, ...ended] as TailKernel[];
  const read = new Set([...all.flatMap(({ reads }) => reads), ...scalars.map(nameOf)]);
  if (Object.keys(head).length === 0) return undefined;
  return {
    head,
    tail: {
      scalars: scalars.map(nameOf),
      places: scalars.length + sums.length,
      partials: sums.length * PARTS,
      kernels: all,
      outputs: Object.fromEntries(ends.map(([name, value]) => [name, elements(value.shape)])),
      inputs: ends[0][1].graph.inputs.map(({ name }) => name).filter((name) => read.has(name)),
    },
  };
}

/** The nodes that kernels of our own can compute and after which only such nodes follow, by what they make. */
function lastNodes(nodes: readonly Node[]): Map<Value, Node> {
  const left = new Set<Node>();
  for (;;) {
    const inHead = new Set<Value>();
    const made = new Map<Value, Node>();
    for (const node of nodes.toReversed()) {
      if (expressible(node) && !left.has(node) && !node.outputs.some((output) => inHead.has(output))) {
        made.set(node.outputs[0], node);
      } else for (const input of node.inputs) inHead.add(input);
    }
    // Conditions pass between our kernels' nodes only: ORT keeps them as bytes.
    const conditional = [...made.values()].filter((node) =>
      operandsOf(node).some((value) => value.dtype === 'bool' && !made.has(value)),
    );
    if (conditional.length === 0) return made;
    for (const node of conditional) left.add(node);
  }
}

/** What comes from elsewhere, without constants. */
function leavesOf(values: readonly Value[], made: ReadonlyMap<Value, Node>, through = true): Value[] {
  const seen = new Set<Value>();
  const found: Value[] = [];
  const visit = (value: Value, first: boolean) => {
    if (seen.has(value)) return;
    seen.add(value);
    const node = made.get(value);
    if (node && (first || through || !(node.operator.type in SUMS))) for (const x of operandsOf(node)) visit(x, false);
    else if (!node && !value.data) found.push(value);
  };
  for (const value of values) visit(value, through);
  return found;
}

/** Adds the partial sums of `count` sums. */
const finish = (first: number, count: number, place: number): TailKernel => ({
  code: `${header(true, 0, 0)}
var<workgroup> part: array<f32, ${PARTS}>;
@compute @workgroup_size(${PARTS}) fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) me: u32) {
  part[me] = partials[(${first}u + group.x) * ${PARTS}u + me];
  ${tree(['part'], PARTS)}
  if (me == 0u) { scalars[${place}u + group.x] = part[0]; }
}`,
  groups: count,
  sums: true,
  reads: [],
  writes: [],
});

const header = (sums: boolean, reads: number, writes: number): string =>
  [
    '@group(0) @binding(0) var<storage, read_write> scalars: array<f32>;',
    ...(sums ? ['@group(0) @binding(1) var<storage, read_write> partials: array<f32>;'] : []),
    ...Array.from(
      { length: reads },
      (_, k) => `@group(0) @binding(${k + sharedBy(sums)}) var<storage, read> r${k}: array<f32>;`,
    ),
    ...Array.from(
      { length: writes },
      (_, k) => `@group(0) @binding(${k + sharedBy(sums) + reads}) var<storage, read_write> w${k}: array<f32>;`,
    ),
  ].join('\n');

/** A workgroup's sums in its shared arrays, pairwise. */
const tree = (arrays: readonly string[], threads: number): string =>
  `workgroupBarrier();
  for (var half = ${threads / 2}u; half > 0u; half /= 2u) {
    if (me < half) { ${arrays.map((name) => `${name}[me] += ${name}[me + half];`).join(' ')} }
    workgroupBarrier();
  }`;

class Kernels {
  constructor(
    private readonly made: ReadonlyMap<Value, Node>,
    private readonly place: ReadonlyMap<Value, number>,
    private readonly nameOf: (value: Value) => string,
    private readonly allSums: readonly Node[],
    private readonly bindings: number,
  ) {}

  /** Kernels for these sums; sums of as many elements share one while it has bindings left. */
  sums(nodes: readonly Node[]): (TailKernel | undefined)[] {
    const grouped = this.#grouped(nodes, true, (node) => operandsOf(node)[0]);
    return grouped.map((group) => {
      const values = group.map((node) => operandsOf(node)[0]);
      const count = elements(values[0].shape);
      const { reads, lines, named } = this.#body(values);
      if (reads.length + sharedBy(true) > this.bindings) return undefined;
      const shared = group.map((_, k) => `part${k}`);
      const groups = Math.min(PARTS, Math.ceil(count / THREADS));
      const code = `${header(true, reads.length, 0)}
${shared.map((name) => `var<workgroup> ${name}: array<f32, ${THREADS}>;`).join('\n')}
@compute @workgroup_size(${THREADS}) fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) me: u32) {
  ${shared.map((name) => `var ${name}_sum = 0.0;`).join(' ')}
  for (var i = group.x * ${THREADS}u + me; i < ${count}u; i += ${groups * THREADS}u) {
    ${lines.join('\n    ')}
    ${group.map(({ operator }, k) => `${shared[k]}_sum += ${SUMS[operator.type](named(values[k]))};`).join(' ')}
  }
  ${shared.map((name) => `${name}[me] = ${name}_sum;`).join(' ')}
  ${tree(shared, THREADS)}
  if (me == 0u) {
    ${group.map((node, k) => `partials[${this.allSums.indexOf(node) * PARTS}u + group.x] = ${shared[k]}[0];`).join(' ')}
  }
}`;
      return { code, groups, sums: true, reads: reads.map(this.nameOf), writes: [] };
    });
  }

  /** Kernels for the model's outputs; undefined if one of them reads too many tensors. */
  ends(outputs: readonly (readonly [string, Value])[]): TailKernel[] | undefined {
    const grouped = this.#grouped(outputs, false, ([, value]) => value);
    const kernels = grouped.map((group) => {
      const values = group.map(([, value]) => value);
      const count = elements(values[0].shape);
      const { reads, lines, named } = this.#body(values);
      if (reads.length + group.length + sharedBy(false) > this.bindings) return undefined;
      const groups = Math.min(MOST_GROUPS, Math.ceil(count / THREADS));
      const code = `${header(false, reads.length, group.length)}
@compute @workgroup_size(${THREADS}) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  for (var i = id.x; i < ${count}u; i += ${groups * THREADS}u) {
    ${lines.join('\n    ')}
    ${values.map((value, k) => `w${k}[i] = ${named(value)};`).join(' ')}
  }
}`;
      return { code, groups, sums: false, reads: reads.map(this.nameOf), writes: group.map(([name]) => name) };
    });
    return kernels.every((kernel) => kernel !== undefined) ? (kernels as TailKernel[]) : undefined;
  }

  #body(values: readonly Value[]) {
    const reads = this.#reads(values);
    const leaf = (value: Value): string | undefined => {
      const at = this.place.get(value);
      if (at === undefined) return this.made.has(value) ? undefined : `r${reads.indexOf(value)}[i]`;
      const node = this.made.get(value);
      const mean = node?.operator.type === 'ReduceMean' ? ` / ${elements(operandsOf(node)[0].shape)}.0` : '';
      return `scalars[${at}]${mean}`;
    };
    return { reads, ...statements(values, this.made, leaf) };
  }

  #reads = (values: readonly Value[]): Value[] =>
    leavesOf(values, this.made, false).filter((value) => !this.place.has(value));

  /** Items of as many elements, in their order, as long as one kernel can bind what they read and write. */
  #grouped<T>(items: readonly T[], sums: boolean, valueAt: (item: T) => Value): T[][] {
    const groups: T[][] = [];
    for (const item of items) {
      const fits = (group: readonly T[]) => {
        const values = [...group, item].map(valueAt);
        const same = elements(values[0].shape) === elements(valueAt(item).shape);
        const written = sums ? 0 : values.length;
        return same && this.#reads(values).length + written + sharedBy(sums) <= this.bindings;
      };
      const group = groups.find(fits);
      if (group) group.push(item);
      else groups.push([item]);
    }
    return groups;
  }
}
