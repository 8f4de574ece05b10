import type { Node, Signature, Value } from '../../graph/graph.ts';
import { needed, type Outputs } from '../../graph/needed.ts';
import { createGraph } from '../../graph/ops/index.ts';
import type { GpuLimits } from '../../runtime/device.ts';
import { channelsLast } from './channels-last.ts';
import { type Kernel, kernelsOf } from './kernels.ts';
import { lastOf, ownNodes } from './own-nodes.ts';
import { ofOrt, type Places, placesOf } from './places.ts';
import { productKernel } from './products.ts';
import { schedule } from './schedule.ts';
import { type Stages, stagesOf } from './tasks.ts';

/** What every WebGPU device allows. */
export const LEAST: GpuLimits = {
  maxStorageBuffersPerShaderStage: 8,
  maxStorageBufferBindingSize: 2 ** 27,
  maxBufferSize: 2 ** 28,
};
/** Each stage is a session of ORT. */
const MOST_STAGES = 64;

/** A tensor of a session: a buffer, and the type and the shape that the session sees. */
export interface Bound extends Signature {
  readonly buffer: string;
}

/** What ORT computes in a stage, and what kernels of ours compute after it. */
export interface Stage {
  readonly model?: Outputs;
  /** By the names of the model's inputs and outputs. */
  readonly inputs: Readonly<Record<string, Bound>>;
  readonly outputs: Readonly<Record<string, Bound>>;
  readonly kernels: readonly Kernel[];
}

/** A model as stages, on buffers that are the same at every step. */
export interface StagePlan extends Omit<Places, 'of' | 'spare'> {
  /** Why ORT computes all but its last nodes, where it does. */
  readonly why?: string;
  readonly stages: readonly Stage[];
  /** ORT's part of the first stage that has one, where it computes none of them. */
  readonly head?: Outputs;
  /** The buffer that stands for each: buffers whose values are never needed at one time are the same. */
  readonly standsFor: ReadonlyMap<string, string>;
}

/**
 * Divides a model between ONNX Runtime, which computes its products, and kernels of our own, which fuse what lies between: they
 * compute elements from elements, and sums, without a pass over memory for each node.
 * @param alone compute the products too, by kernels that suit a GPU that is emulated in software
 * @returns or why that cannot be
 */
export function stagePlan(given: Outputs, limits: GpuLimits = LEAST, alone = false): StagePlan | string {
  if (alone) {
    const { outputs, withOrt } = channelsLast(given, true);
    const { nodes } = needed(outputs);
    return planned(limits, outputs, nodes, ownNodes(nodes, withOrt), withOrt, true);
  }
  const { outputs, withOrt } = channelsLast(given);
  const turned = needed(outputs).nodes;
  const plan = planned(limits, outputs, turned, ownNodes(turned, withOrt), withOrt);
  if (typeof plan === 'object') return plan;
  const { nodes } = needed(given);
  const last = planned(limits, given, nodes, lastOf(nodes, ownNodes(nodes)));
  return typeof last === 'object' ? { ...last, why: plan } : plan;
}

function planned(
  limits: GpuLimits,
  outputs: Outputs,
  nodes: readonly Node[],
  made: ReadonlyMap<Value, Node>,
  turns: ReadonlySet<Node> = new Set(),
  alone = false,
): StagePlan | string {
  const stages = stagesOf(outputs, nodes, made, turns, alone);
  if (!alone && stages.count > MOST_STAGES)
    return `it alternates ${stages.count} times between products and other operators, and ${MOST_STAGES} are the most`;
  const most = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  const places = placesOf(outputs, nodes, made, stages, Math.floor(most / 4));
  const rounds = schedule(stages, places, made);
  const kernels = rounds.map((blocks) =>
    blocks.map((some) => kernelsOf(some, limits.maxStorageBuffersPerShaderStage, alone)),
  );
  const refused = kernels.flat().find((some) => typeof some === 'string');
  if (refused) return refused as string;
  const largest = 4 * Math.max(...places.buffers.values());
  if (largest > most)
    return `a buffer of ${largest} bytes must be bound, and this GPU allows ${most} (${most === limits.maxBufferSize ? 'maxBufferSize' : 'maxStorageBufferBindingSize'})`;
  const products = alone ? stages.nodes.map((some) => productsOf(some, stages, places, turns)) : [];
  if (products.includes(undefined)) return 'one of its products has no kernel of our own';
  const parts = stages.nodes.map((some, at): Stage => {
    const own = (kernels[at] as Kernel[][]).flat();
    return alone
      ? { inputs: {}, outputs: {}, kernels: [...products[at]!, ...own] }
      : { ...sessionOf(some, stages, places), kernels: own };
  });
  const { of: _, spare: __, ...rest } = places;
  const first = alone && stages.nodes.find(({ length }) => length > 0);
  const head = first ? sessionOf(first, stages, places).model : undefined;
  return { ...rest, stages: parts, head, standsFor: shared(parts, places) };
}

/** A stage's products as kernels of our own; undefined where one has none. */
function productsOf(
  nodes: readonly Node[],
  { baseOf }: Stages,
  places: Places,
  turns: ReadonlySet<Node>,
): Kernel[] | undefined {
  const turned = nodes.filter((node) => turns.has(node));
  const before = new Map(turned.map(({ inputs: [x], outputs: [y] }) => [y, x]));
  const after = new Map(turned.map(({ inputs: [x], outputs: [y] }) => [x, y]));
  const bufferOf = (value: Value) => {
    const base = baseOf(value);
    return base.graph.inputs.includes(base) ? ofOrt(base) : places.of.get(base)?.buffer;
  };
  const kernels: Kernel[] = [];
  for (const node of nodes) {
    if (turns.has(node)) continue;
    const plain = node.operator.type === 'MatMul';
    const [x, w] = plain ? node.inputs : node.inputs.map((value) => before.get(value)!);
    const y = plain ? node.outputs[0] : after.get(node.outputs[0])!;
    const [xs, ws, ys] = [x, w, y].map((value) => value && !value.data && bufferOf(value));
    const kernel = xs && ws && ys && productKernel(node, x.shape, y.shape, { x: xs, w: ws, y: ys });
    if (!kernel) return undefined;
    kernels.push(kernel);
  }
  return kernels;
}

/** A stage's nodes as a model of their own. */
function sessionOf(nodes: readonly Node[], { exported, baseOf }: Stages, places: Places): Omit<Stage, 'kernels'> {
  if (nodes.length === 0) return { inputs: {}, outputs: {} };
  const graph = createGraph();
  const inputs: Record<string, Bound> = {};
  const outputs: Record<string, Bound> = {};
  const model: Record<string, Value> = {};
  const counterpart = new Map<Value, Value>();
  const inside = (value: Value): Value => {
    let known = counterpart.get(value);
    if (!known) {
      const name = `in${counterpart.size}`;
      if (value.data) known = graph.constant(value.data, value.shape, name, value.dtype);
      else {
        const base = baseOf(value);
        const input = base.graph.inputs.includes(base);
        const { dtype, shape } = value;
        known = graph.input(name, value.shape, value.dtype);
        inputs[name] = { buffer: input ? ofOrt(base) : places.of.get(base)!.buffer, dtype, shape };
      }
      counterpart.set(value, known);
    }
    return known;
  };
  for (const { operator, inputs: given, outputs: made, attributes } of nodes) {
    const fresh = graph.apply(operator.type, given.map(inside), attributes);
    for (const [k, value] of made.entries()) {
      counterpart.set(value, fresh[k]);
      if (!exported.has(value)) continue;
      const name = `out${Object.keys(model).length}`;
      model[name] = fresh[k];
      const { dtype, shape } = value;
      outputs[name] = { buffer: places.of.get(value)!.buffer, dtype, shape };
    }
  }
  return { model, inputs, outputs };
}

/** Buffers by the one that stands for them: of the same or nearly the same size, and free when the first value is made. */
function shared(stages: readonly Stage[], { buffers, inputs, outputs, copies }: Places): Map<string, string> {
  const lives = new Map<string, { first: number; last: number }>();
  let now = 0;
  const live = (name: string) => {
    const life = lives.get(name);
    if (life) life.last = now;
    else lives.set(name, { first: now, last: now });
  };
  for (const { inputs: read, outputs: written, kernels } of stages) {
    for (const { buffer } of [...Object.values(read), ...Object.values(written)]) live(buffer);
    now++;
    for (const kernel of kernels) {
      for (const { name } of kernel.buffers) live(name);
      now++;
    }
  }
  const fixed = new Set([
    ...[...inputs.values()].flat().map(({ buffer }) => buffer),
    ...[...outputs.values()].map(({ place }) => place.buffer),
    ...copies.map(({ from }) => from.buffer),
    'temps',
  ]);
  const standsFor = new Map<string, string>();
  const free: { name: string; until: number }[] = [];
  for (const [name, { first, last }] of [...lives].sort(([, a], [, b]) => a.first - b.first)) {
    const size = buffers.get(name)!;
    const fits = fixed.has(name)
      ? undefined
      : free.find(
          (one) => one.until < first && buffers.get(one.name)! >= size && buffers.get(one.name)! <= 1.25 * size,
        );
    standsFor.set(name, fits?.name ?? name);
    if (fits) fits.until = last;
    else if (!fixed.has(name)) free.push({ name, until: last });
  }
  return standsFor;
}
