import { Graph, type Operator } from '../graph.ts';
import arithmetic from './arithmetic.ts';
import convolution from './convolution.ts';
import layout from './layout.ts';
import normalization from './normalization.ts';
import parts from './parts.ts';
import pooling from './pooling.ts';
import product from './product.ts';
import reduction from './reduction.ts';
import selection from './selection.ts';
import unary from './unary.ts';

/** The entries are the default exports of their files, so that `export *` makes only the functions beside them public (functions.ts). */
const FAMILIES: readonly (readonly Operator[])[] = [
  arithmetic,
  convolution,
  layout,
  normalization,
  parts,
  pooling,
  product,
  reduction,
  selection,
  unary,
];

/** Every operator a graph may hold, by its ONNX name. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  FAMILIES.flat().map((operator) => [operator.type, operator]),
);

/** An empty graph that knows every operator. */
export const createGraph = (): Graph => new Graph(OPERATORS);
