import { Graph, type Operator } from '../graph.ts';
import { operators as arithmetic } from './arithmetic.ts';
import { operators as axes } from './axes.ts';
import { operators as convolution } from './convolution.ts';
import { operators as layout } from './layout.ts';
import { operators as normalization } from './normalization.ts';
import { operators as parts } from './parts.ts';
import { operators as pooling } from './pooling.ts';
import { operators as product } from './product.ts';
import { operators as reduction } from './reduction.ts';
import { operators as selection } from './selection.ts';
import { operators as unary } from './unary.ts';

/** Every operator a graph may hold, by its ONNX name. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  [arithmetic, axes, convolution, layout, normalization, parts, pooling, product, reduction, selection, unary]
    .flat()
    .map((operator) => [operator.type, operator]),
);

/** An empty graph that knows every operator. */
export const createGraph = (): Graph => new Graph(OPERATORS);
