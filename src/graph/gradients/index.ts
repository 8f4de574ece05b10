import type { GradientRule } from '../graph.ts';
import { rules as arithmetic } from './arithmetic.ts';
import { rules as convolution } from './convolution.ts';
import { rules as layout } from './layout.ts';
import { rules as normalization } from './normalization.ts';
import { rules as parts } from './parts.ts';
import { rules as pooling } from './pooling.ts';
import { rules as product } from './product.ts';
import { rules as reduction } from './reduction.ts';
import { rules as selection } from './selection.ts';
import { rules as unary } from './unary.ts';

/** The gradient rule of every operator, by its ONNX name. */
export const RULES: ReadonlyMap<string, GradientRule> = new Map(
  [arithmetic, convolution, layout, normalization, parts, pooling, product, reduction, selection, unary].flatMap(
    (rules) => Object.entries(rules),
  ),
);
