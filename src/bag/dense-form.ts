import { BagsslError } from '../base/errors.ts';
import { geometryOf } from '../graph/attributes.ts';
import { averagePool, reshape, slice, transpose } from '../graph/functions.ts';
import { elements, type Graph, type Node, type Shape, type Value } from '../graph/graph.ts';
import { needed, type Outputs } from '../graph/needed.ts';
import { createGraph } from '../graph/ops/index.ts';

/** A network on whole images: the vectors [images · down · across, width] of its patches, row by row in each image. */
export interface DenseForm {
  readonly outputs: Outputs;
  /** From a patch to the next, px. */
  readonly stride: number;
  readonly down: number;
  readonly across: number;
}

/**
 * What a value of one patch's graph becomes in the graph of whole images:
 * `fixed`: it stays as it is, because it does not depend on the patch; `map`: [images, channels, rows, columns], where a patch's part
 * starts at the patch's position divided by the stride; `rows`: one row per patch.
 */
type Dense =
  | { readonly kind: 'fixed'; readonly value: Value }
  | { readonly kind: 'map'; readonly value: Value; readonly stride: number }
  | { readonly kind: 'rows'; readonly value: Value };
type DenseMap = Extract<Dense, { kind: 'map' }>;

/**
 * Turns the graph of one patch into the graph of whole images. Convolutions run over the whole image, a mean over a patch becomes a
 * mean under a moving window, and what follows runs on one row per patch. The results are the same, and what neighbouring patches share
 * is computed once. This works only if the values of a patch depend on nothing outside it, which is checked node by node.
 * @param patch one output [1, width] of one input [1, 3, size, size]
 * @throws BagsslError `bad-model` naming the node that prevents it
 */
export function denseForm(patch: Outputs, images: number, rows: number, columns: number): DenseForm {
  const [[name, output]] = Object.entries(patch);
  const [input] = output.graph.inputs;
  const size = input.shape[2];
  const graph = createGraph();
  const dense = new Map<Value, Dense>();
  const { nodes, values } = needed(patch);
  const x = graph.input('images', [images, 3, rows, columns]);
  dense.set(input, { kind: 'map', value: x, stride: 1 });
  for (const constant of output.graph.constants) {
    if (!values.has(constant)) continue;
    const value = graph.constant(constant.data!, constant.shape, constant.name, constant.dtype);
    dense.set(constant, { kind: 'fixed', value });
  }
  let found: DenseMap | undefined;
  const places = (map: DenseMap) => {
    found = map;
    return [rows, columns].map((extent) => Math.floor((extent - size) / map.stride) + 1);
  };
  for (const node of nodes) {
    const inputs = node.inputs.map((value) => dense.get(value)!);
    const made = apply(graph, node, inputs, places);
    node.outputs.forEach((value, k) => dense.set(value, made[k]));
  }
  const result = dense.get(output)!;
  if (result.kind !== 'rows' || !found) throw refusal(`its output "${name}" is no mean over positions`);
  const [down, across] = places(found);
  return { outputs: { [name]: result.value }, stride: found.stride, down, across };
}

const refusal = (why: string) =>
  new BagsslError(
    'bad-model',
    `This encoder has no dense bag: ${why}. It takes convolutions without padding, then a mean over positions (conv encoders with padding "valid"); place patches by "all" with a stride instead.`,
  );

function apply(graph: Graph, node: Node, inputs: readonly Dense[], places: (map: DenseMap) => number[]): Dense[] {
  const { type } = node.operator;
  const refuse = (why: string) => refusal(`${type} "${node.origin ?? node.outputs[0].name}" ${why}`);
  const same = () =>
    graph.apply(
      type,
      inputs.map(({ value }) => value),
      node.attributes,
    );
  if (inputs.every(({ kind }) => kind === 'fixed')) return same().map((value) => ({ kind: 'fixed', value }));
  const moving = inputs.filter(({ kind }) => kind !== 'fixed');
  if (moving.some(({ kind }) => kind !== moving[0].kind)) throw refuse('joins positions with their mean');
  if (moving[0].kind === 'rows') {
    if (!rowByRow(node, inputs)) throw refuse('is not known to keep patches apart');
    const rows = moving[0].value.shape[0];
    // A reshape states the batch size, which differs here. Rows need no reshape, so it is dropped.
    const made = node.operator.kind === 'renaming' ? [moving[0].value] : same();
    return made.map((value) => {
      if (value.shape.length !== 2 || value.shape[0] !== rows) throw refuse('is not known to keep patches apart');
      return { kind: 'rows', value };
    });
  }
  const maps = moving as DenseMap[];
  const [{ value, stride }] = maps;
  const local = node.inputs[inputs.indexOf(maps[0])].shape;
  const one = (map: Value, step = 1): Dense[] => [{ kind: 'map', value: map, stride: stride * step }];
  switch (type) {
    case 'Conv':
    case 'MaxPool':
    case 'AveragePool': {
      const { pads, strides } = geometryOf(type, node.attributes);
      if (maps.length > 1 || inputs[0].kind !== 'map') throw refuse('has a kernel that depends on the patch');
      if (pads.some((pad) => pad !== 0)) throw refuse(`pads by ${pads}`);
      if (strides[0] !== strides[1]) throw refuse(`has strides ${strides}, which differ`);
      return one(same()[0], strides[0]);
    }
    case 'BatchNormalization':
      if (maps.length > 1) throw refuse('has statistics that depend on the patch');
      return one(same()[0]);
    case 'Slice': {
      const place = crop(node, local);
      if (!place) throw refuse('takes another part than a middle of the positions');
      const ends = [2, 3].map((axis, k) => value.shape[axis] - (local[axis] - place.ends[k]));
      return one(slice(value, [2, 3], place.starts, ends));
    }
    case 'ReduceMean':
    case 'GlobalAveragePool': {
      const result = node.outputs[0].shape;
      const axes = (node.attributes.axes as readonly number[] | undefined)?.map((axis) => (axis + 4) % 4);
      if (type === 'ReduceMean' && `${axes?.toSorted()}` !== '2,3')
        throw refuse('is a mean over other axes than positions');
      const kernel = local.slice(2);
      const means = kernel.every((extent) => extent === 1)
        ? value
        : averagePool(value, { kernel, strides: [1, 1], pads: [0, 0, 0, 0] });
      return result.length === 4 ? one(means) : [rowsOf({ kind: 'map', value: means, stride }, places)];
    }
    case 'Flatten':
    case 'Reshape':
    case 'Squeeze':
      if (`${node.outputs[0].shape}` !== `${local.slice(0, 2)}` || local[2] * local[3] !== 1) {
        throw refuse(`lays the ${local.slice(2).join('×')} positions of a patch side by side`);
      }
      return [rowsOf(maps[0], places)];
    default:
      if (node.operator.kind !== 'pointwise') throw refuse('is not known to treat all positions alike');
      inputs.forEach((given, k) => {
        const { shape } = node.inputs[k];
        const alike =
          given.kind === 'map'
            ? given.stride === stride && `${shape.slice(2)}` === `${local.slice(2)}`
            : shape.slice(-2).every((extent) => extent === 1) || (shape.length < 3 && elements(shape) === 1);
        if (!alike) throw refuse(`joins [${local}] with [${shape}], which is not one and the same at all positions`);
      });
      return one(same()[0]);
  }
}

/** One row per patch of the map, image by image, and row by row in each. */
function rowsOf(map: DenseMap, places: (map: DenseMap) => number[]): Dense {
  const [down, across] = places(map);
  // Strides may leave positions at the end whose patch would reach beyond the image.
  const { value } = map;
  const inside = slice(value, [2, 3], [0, 0], [down, across]);
  const [images, width] = value.shape;
  return { kind: 'rows', value: reshape(transpose(inside, [0, 2, 3, 1]), [images * down * across, width]) };
}

/** The part that a Slice of the last two axes keeps, in positions from the start. */
function crop(node: Node, local: Shape): { starts: number[]; ends: number[] } | undefined {
  const [, ...lists] = node.inputs.map(({ data }) => (data ? Array.from(data as BigInt64Array, Number) : undefined));
  const [starts, ends, axes = local.map((_, axis) => axis), steps = starts?.map(() => 1)] = lists;
  if (!starts || !ends || steps!.some((step) => step !== 1)) return undefined;
  const whole = { starts: [0, 0], ends: local.slice(2) as number[] };
  axes.forEach((axis, k) => {
    const extent = local[axis];
    const counted = (at: number) => Math.min(extent, at < 0 ? at + extent : at);
    if (axis < 2) whole.starts[0] = Number.NaN;
    else [whole.starts[axis - 2], whole.ends[axis - 2]] = [counted(starts[k]), counted(ends[k])];
  });
  return whole.starts.some(Number.isNaN) ? undefined : whole;
}

/** Whether each row of the result depends only on the same row of the operands. */
function rowByRow(
  { operator, attributes, inputs: [local], outputs }: Node,
  [first, ...rest]: readonly Dense[],
): boolean {
  if (operator.kind === 'pointwise') return true;
  // Rows may only be reshaped to the shape they already have.
  if (operator.kind === 'renaming') return `${outputs[0].shape}` === `${local.shape}`;
  switch (operator.type) {
    case 'MatMul':
      return first.kind === 'rows' && rest[0].kind === 'fixed' && rest[0].value.shape.length === 2;
    case 'Gemm':
      return first.kind === 'rows' && rest[0].kind === 'fixed' && rest[1]?.kind !== 'rows' && !attributes.transA;
    case 'BatchNormalization':
      return first.kind === 'rows' && rest.every(({ kind }) => kind === 'fixed');
    case 'LayerNormalization':
      return [1, -1].includes((attributes.axis as number | undefined) ?? -1);
    default:
      return false;
  }
}
