import { BagsslError } from '../base/errors.ts';
import { DTYPE_CODES } from './graph.ts';
import type { Outputs } from './needed.ts';
import { ATTRIBUTE, type NodeProto, type OnnxModel, type TensorProto, type ValueInfoProto } from './onnx-proto.ts';
import { writeMessage } from './protobuf/write.ts';
import { onnxModel } from './write-onnx.ts';

/** Two batch sizes that other extents are unlikely to have. */
const [P, Q] = [13, 17];

/**
 * A model that takes any batch size. Shapes in a graph are static, so the graph is built for two batch sizes; where the two differ,
 * in extents of inputs and outputs and in constants that hold shapes, the value depends on the batch, always linearly.
 * @param build the graph for a batch, with one input, whose first axis is the batch
 * @throws BagsslError `bad-model` if the two differ in anything else
 */
export function modelOfAnyBatch(build: (batch: number) => Outputs): OnnxModel {
  const model = onnxModel(build(P));
  const { graph } = model;
  const other = onnxModel(build(Q)).graph;
  if (graph.node.length !== other.node.length) throw depends('graph', graph.node[0]);
  const shapes = new BatchShapes(graph);
  const known = [graph, other].map(({ initializer }) => new Map(initializer.map((tensor) => [tensor.name, tensor])));
  graph.node = graph.node.flatMap((node, k) => {
    const twin = other.node[k];
    const equal =
      node.opType === twin.opType &&
      node.input.length === twin.input.length &&
      sameBytes(attributesOf(node), attributesOf(twin));
    if (!equal) throw depends('node', node);
    const before = node.input.flatMap((name, i) => {
      const [a, b] = [known[0].get(name), known[1].get(twin.input[i])];
      if (!a && !b) return [];
      if (!a || !b) throw depends('node', node);
      if (sameTensor(a, b)) return [];
      const { name: shape, nodes } = shapes.of(node, a, b);
      node.input[i] = shape;
      return nodes;
    });
    return [...before, node];
  });
  graph.node.unshift(...shapes.batch);
  const used = new Set(graph.node.flatMap(({ input }) => input));
  graph.initializer = [...graph.initializer, ...shapes.constants].filter(({ name }) => used.has(name));
  for (const list of ['input', 'output'] as const) graph[list].forEach((value, k) => open(value, other[list][k]));
  return model;
}

const depends = (what: string, { opType, name }: NodeProto) =>
  new BagsslError(
    'bad-model',
    `The network's ${what} ("${name}", ${opType}) differs from batch to batch, so one file cannot hold it for all; export it from its own tools with an open batch axis.`,
  );

/** The shapes that depend on the batch. */
class BatchShapes {
  readonly constants: TensorProto[] = [];
  /** The nodes that compute the batch size, if a shape needs it. */
  readonly batch: NodeProto[] = [];

  constructor(private readonly graph: OnnxModel['graph']) {}

  /** The name of a value that is `a` for batch P and `b` for batch Q, and the nodes that compute it. */
  of(node: NodeProto, a: TensorProto, b: TensorProto): { name: string; nodes: NodeProto[] } {
    const [from, to] = [a, b].map(integers);
    if (!from || !to || from.length !== to.length) throw depends('constant', node);
    const slopes = from.map((value, i) => (to[i] - value) / (Q - P));
    const changing = slopes.filter((slope) => slope !== 0).length;
    const name = `${node.name}.shape`;
    if (node.opType === 'Reshape' && changing === 1 && !from.includes(-1)) {
      return {
        name: this.#constant(
          name,
          from.map((value, i) => (slopes[i] ? -1 : value)),
        ),
        nodes: [],
      };
    }
    if (!slopes.every(Number.isInteger)) throw depends('constant', node);
    this.#computeBatch();
    const slope = this.#constant(`${name}.slope`, slopes);
    const rest = this.#constant(
      `${name}.rest`,
      from.map((value, i) => value - P * slopes[i]),
    );
    const nodes = [made('Mul', ['batch.size', slope], `${name}.part`), made('Add', [`${name}.part`, rest], name)];
    return { name, nodes };
  }

  #computeBatch(): void {
    if (this.batch.length) return;
    const first = this.#constant('batch.axis', [0]);
    this.batch.push(made('Shape', [this.graph.input[0].name], 'batch.shape'));
    this.batch.push(made('Gather', ['batch.shape', first], 'batch.size'));
  }

  #constant(name: string, values: readonly number[]): string {
    const rawData = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    this.constants.push({ name, dataType: DTYPE_CODES.int64, dims: [values.length], rawData });
    return name;
  }
}

const made = (opType: string, input: string[], output: string): NodeProto => ({
  opType,
  name: output,
  input,
  output: [output],
  attribute: [],
});

const attributesOf = ({ attribute }: NodeProto) => writeMessage({ attribute: [5, ATTRIBUTE, 'list'] }, { attribute });

const sameTensor = (a: TensorProto, b: TensorProto) =>
  a.dataType === b.dataType && `${a.dims}` === `${b.dims}` && sameBytes(a.rawData, b.rawData);

/** By a plain loop: weights are megabytes, and a call for each byte takes a third of a second. */
function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  if (a.buffer === b.buffer && a.byteOffset === b.byteOffset) return true;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function integers({ dataType, dims, rawData }: TensorProto): number[] | undefined {
  if (dataType !== DTYPE_CODES.int64 || dims.length !== 1) return undefined;
  return Array.from(new BigInt64Array(rawData.slice().buffer), Number);
}

/** Leaves the axes open whose extent is the batch. */
function open(value: ValueInfoProto, other: ValueInfoProto): void {
  const [dims, others] = [value, other].map(({ type }) => type.tensorType.shape.dim);
  dims.forEach((dim, axis) => {
    if (dim.dimValue === P && others[axis].dimValue === Q) dims[axis] = { dimParam: 'batch' };
  });
}
