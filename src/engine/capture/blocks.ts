import { reducedAxes } from '../../graph/attributes.ts';
import { elements, type Node, type Value } from '../../graph/graph.ts';
import { Body } from './body.ts';
import { REDUCTIONS } from './expressions.ts';
import { collapsed, type IndexMap, placeAt, stridesOf } from './index-map.ts';

/** Threads of a workgroup. */
export const THREADS = 256;
/** Outputs that a workgroup reduces side by side where neighbours in memory belong to different outputs. */
const TILE = 16;
/** The most workgroups of an elementwise block, whose threads then take several elements. */
const MOST_GROUPS = 4096;

/** Where a value is: a buffer by its name, and the first element there. */
export interface Place {
  readonly buffer: string;
  readonly at: number;
}

/** Whether a buffer, by its name, holds half floats. Kernels compute in float32 all the same. */
export const isHalf = (buffer: string): boolean => buffer.startsWith('h');

/** A part of a kernel: statements for workgroup `block` of `groups`, and what they bind. */
export interface Block {
  readonly code: string;
  readonly groups: number;
  /** Shared arrays. */
  readonly shared: number;
  readonly reads: ReadonlySet<string>;
  readonly writes: ReadonlySet<string>;
}

/** How reductions of one shape over the same axes walk through their operands. */
export interface Walk {
  readonly key: string;
  /** Outputs, and elements of each. */
  readonly kept: number;
  readonly reduced: number;
  readonly outer: IndexMap;
  readonly inner: IndexMap;
  readonly mode: 'thread' | 'group' | 'tile' | 'split';
}

/** The walk of a reduction. */
export function walkOf({ operator, inputs, attributes }: Node): Walk {
  const [x] = inputs;
  const axes = reducedAxes(operator.type, inputs, attributes);
  const strides = stridesOf(x.shape);
  const part = (wanted: boolean): IndexMap => {
    const chosen = x.shape.map((_, axis) => axis).filter((axis) => axes.includes(axis) === wanted);
    return collapsed({ extents: chosen.map((k) => x.shape[k]), strides: chosen.map((k) => strides[k]), offset: 0 });
  };
  const [outer, inner] = [part(false), part(true)];
  const [kept, reduced] = [elements(outer.extents), elements(inner.extents)];
  const beside = outer.strides.at(-1) === 1;
  const few = reduced <= 32 || (kept >= 16384 && reduced <= 1024);
  const mode = few ? 'thread' : kept < 16 && reduced > 16384 ? 'split' : beside ? 'tile' : 'group';
  return { key: JSON.stringify([outer, inner]), kept, reduced, outer, inner, mode };
}

/** Parts of each output of a split reduction. */
export const partsOf = ({ reduced }: Walk): number => Math.min(64, Math.ceil(reduced / 4096));

/** Writes the blocks of a plan: how it reads a value and where it puts one. */
export class BlockWriter {
  constructor(
    private readonly made: ReadonlyMap<Value, Node>,
    private readonly baseOf: (value: Value) => Value,
    private readonly placeOf: (value: Value) => Place | undefined,
    /** The same, but for values that are computed again. */
    private readonly inMemory: (value: Value) => Place | undefined,
  ) {}

  #open() {
    const [reads, writes] = [new Set<string>(), new Set<string>()];
    const body = new Body(this.made, this.baseOf, (value, index) => {
      const place = this.inMemory(value);
      if (!place) return undefined;
      reads.add(place.buffer);
      const element = `${place.buffer}[${place.at === 0 ? '' : `${place.at}u + `}${index}]`;
      return isHalf(place.buffer) ? `f32(${element})` : element;
    });
    return { body, reads, writes };
  }

  /** Computes values of as many elements, one at a time. */
  elementwise(values: readonly Value[]): Block {
    const [{ shape }] = values;
    const count = elements(shape);
    const { body, reads, writes } = this.#open();
    // A value that has a place is computed here, not read.
    const stores = values.map((value) => this.#put(value, 'i', body.fresh(value, 'i'), writes));
    const groups = Math.min(MOST_GROUPS, Math.ceil(count / THREADS));
    const code = `for (var i = block * ${THREADS}u + me; i < ${count}u; i += ${groups * THREADS}u) {
${[...body.lines, ...stores].join('\n')}
}`;
    return { code, groups, shared: 0, reads, writes };
  }

  /**
   * Reductions along one walk, and `after` them, values of as many elements as outputs that follow from them.
   * @param stored of all these values, the ones that are kept in memory
   */
  reduction(
    walk: Walk,
    nodes: readonly Node[],
    after: readonly Value[],
    stored: ReadonlySet<Value>,
    partials?: readonly Place[],
  ): Block {
    const { kept, reduced, outer, mode } = walk;
    const { body, reads, writes } = this.#open();
    const accumulators = nodes.map((_, k) => `a${k}`);
    const { lines, next } = partials
      ? partialSums(nodes, partials, partsOf(walk), reads)
      : this.#walked(walk, nodes, reads);
    const rules = nodes.map(({ operator }) => REDUCTIONS[operator.type]);
    const start = rules.map(({ start }, k) => `var a${k} = ${start};`).join(' ');
    const join = rules.map(({ join }, k) => `a${k} = ${join(`a${k}`, next[k])};`).join(' ');
    const loop = (from: string, step: number, to: string) =>
      `for (var r = ${from}; r < ${to}; r += ${step}u) {\n${lines.join('\n')}\n${join}\n}`;
    const tree = (least: number) =>
      `${accumulators.map((name, k) => `part${k}[me] = ${name};`).join(' ')}
workgroupBarrier();
for (var half = ${THREADS / 2}u; half >= ${least}u; half /= 2u) {
if (me < half) { ${rules.map(({ join }, k) => `part${k}[me] = ${join(`part${k}[me]`, `part${k}[me + half]`)};`).join(' ')} }
workgroupBarrier();
}`;
    const base = outer.extents.length === 0 ? '0u' : placeAt(outer, 'o');
    if (mode === 'split' && !partials) throw new Error('a split reduction is written in two parts');

    const finished = (from: (k: number) => string): string => {
      for (const [k, node] of nodes.entries()) {
        const value = node.operator.type === 'ReduceMean' ? `${from(k)} / ${reduced}.0` : from(k);
        body.lines.push(`let f${k} = ${value};`);
        body.set(node.outputs[0], 'o', `f${k}`);
      }
      const own = nodes.flatMap(({ outputs: [y] }, k) => (stored.has(y) ? [this.#put(y, 'o', `f${k}`, writes)] : []));
      for (const value of after) {
        const name = body.fresh(value, 'o');
        if (stored.has(value)) own.push(this.#put(value, 'o', name, writes));
      }
      return [...body.lines, ...own].join('\n');
    };
    const at = `let base = ${base};`;
    if (mode === 'thread' || partials) {
      const code = `let o = block * ${THREADS}u + me;
if (o < ${kept}u) {
${at}
${start}
${loop('0u', 1, `${partials ? partsOf(walk) : reduced}u`)}
${finished((k) => `a${k}`)}
}`;
      return { code, groups: Math.ceil(kept / THREADS), shared: 0, reads, writes };
    }
    if (mode === 'tile') {
      const lanes = THREADS / TILE;
      const code = `let o = block * ${TILE}u + me % ${TILE}u;
${start}
if (o < ${kept}u) {
${at}
${loop(`me / ${TILE}u`, lanes, `${reduced}u`)}
}
${tree(TILE)}
if (me < ${TILE}u && o < ${kept}u) {
${finished((k) => `part${k}[me]`)}
}`;
      return { code, groups: Math.ceil(kept / TILE), shared: nodes.length, reads, writes };
    }
    const code = `let o = block;
${at}
${start}
${loop('me', THREADS, `${reduced}u`)}
${tree(1)}
if (me == 0u) {
${finished((k) => `part${k}[0]`)}
}`;
    return { code, groups: kept, shared: nodes.length, reads, writes };
  }

  /** The first half of a split reduction: each part of each output, to `partials`. */
  split(walk: Walk, nodes: readonly Node[], partials: readonly Place[]): Block {
    const { kept, reduced, outer } = walk;
    const parts = partsOf(walk);
    const reads = new Set<string>();
    const { lines, next } = this.#walked(walk, nodes, reads);
    const rules = nodes.map(({ operator }) => REDUCTIONS[operator.type]);
    const length = Math.ceil(reduced / parts);
    const code = `let o = block / ${parts}u;
let base = ${outer.extents.length === 0 ? '0u' : placeAt(outer, 'o')};
let first = (block % ${parts}u) * ${length}u;
${rules.map(({ start }, k) => `var a${k} = ${start};`).join(' ')}
for (var r = first + me; r < min(first + ${length}u, ${reduced}u); r += ${THREADS}u) {
${lines.join('\n')}
${rules.map(({ join }, k) => `a${k} = ${join(`a${k}`, next[k])};`).join(' ')}
}
${rules.map((_, k) => `part${k}[me] = a${k};`).join(' ')}
workgroupBarrier();
for (var half = ${THREADS / 2}u; half > 0u; half /= 2u) {
if (me < half) { ${rules.map(({ join }, k) => `part${k}[me] = ${join(`part${k}[me]`, `part${k}[me + half]`)};`).join(' ')} }
workgroupBarrier();
}
if (me == 0u) { ${partials.map(({ buffer, at }, k) => `${buffer}[${at}u + block] = part${k}[0];`).join(' ')} }`;
    const writes = new Set(partials.map(({ buffer }) => buffer));
    return { code, groups: kept * parts, shared: nodes.length, reads, writes };
  }

  #walked({ inner }: Walk, nodes: readonly Node[], reads: Set<string>) {
    const opened = this.#open();
    const along = inner.extents.length === 0 ? '0u' : placeAt(inner, 'r');
    opened.body.lines.push(`let i = base + ${along};`);
    const next = nodes.map(({ operator, inputs: [x] }) => REDUCTIONS[operator.type].of(opened.body.at(x, 'i')));
    for (const buffer of opened.reads) reads.add(buffer);
    return { lines: opened.body.lines, next };
  }

  #put(value: Value, index: string, name: string, writes: Set<string>): string {
    const { buffer, at } = this.placeOf(value)!;
    writes.add(buffer);
    return `${buffer}[${at}u + ${index}] = ${isHalf(buffer) ? `f16(${name})` : name};`;
  }
}

function partialSums(nodes: readonly Node[], partials: readonly Place[], parts: number, reads: Set<string>) {
  for (const { buffer } of partials) reads.add(buffer);
  const lines = partials.map(({ buffer, at }, k) => `let p${k} = ${buffer}[${at}u + o * ${parts}u + r];`);
  return { lines, next: nodes.map((_, k) => `p${k}`) };
}
