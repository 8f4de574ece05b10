import type { Node, Signature, Value } from '../../graph/graph.ts';
import { needed, type Outputs } from '../../graph/needed.ts';
import { createGraph } from '../../graph/ops/index.ts';
import { channelsLast } from './channels-last.ts';
import { type Kernel, kernelsOf } from './kernels.ts';
import { lastOf, ownNodes } from './own-nodes.ts';
import { ofOrt, type Places, placesOf } from './places.ts';
import { schedule } from './schedule.ts';
import { type Stages, stagesOf } from './tasks.ts';

/** Storage buffers of a kernel, and elements of one, that every WebGPU device has. */
const BINDINGS = 8;
const MOST_BOUND = 2 ** 25;
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
  readonly stages: readonly Stage[];
  /** The buffer that stands for each: buffers whose values are never needed at one time are the same. */
  readonly standsFor: ReadonlyMap<string, string>;
}

/**
 * Divides a model between ONNX Runtime, which computes its products, and kernels of our own, which fuse what lies between: they
 * compute elements from elements, and sums, without a pass over memory for each node.
 * @returns undefined where that cannot be
 */
export function stagePlan(given: Outputs): StagePlan | undefined {
  const { outputs, withOrt } = channelsLast(given);
  const turned = needed(outputs).nodes;
  const plan = planned(outputs, turned, ownNodes(turned, withOrt), withOrt);
  if (plan) return plan;
  const { nodes } = needed(given);
  return planned(given, nodes, lastOf(nodes, ownNodes(nodes)));
}

function planned(
  outputs: Outputs,
  nodes: readonly Node[],
  made: ReadonlyMap<Value, Node>,
  turns: ReadonlySet<Node> = new Set(),
): StagePlan | undefined {
  const stages = stagesOf(outputs, nodes, made, turns);
  if (stages.count > MOST_STAGES) return undefined;
  const places = placesOf(outputs, nodes, made, stages, MOST_BOUND);
  const rounds = schedule(stages, places, made);
  const kernels = rounds.map((blocks) => blocks.map((some) => kernelsOf(some, BINDINGS)));
  if (kernels.flat().some((some) => !some)) return undefined;
  const parts = stages.nodes.map(
    (ort, at): Stage => ({ ...sessionOf(ort, stages, places), kernels: (kernels[at] as Kernel[][]).flat() }),
  );
  const { of: _, spare: __, ...rest } = places;
  return { ...rest, stages: parts, standsFor: shared(parts, places) };
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
