import { add, conv, layerNormalization, matmul } from '../graph/functions.ts';
import type { Value } from '../graph/graph.ts';
import type { Scope } from './scope.ts';

/** How a convolution moves over its input. */
export interface ConvolutionOptions {
  /** Side of the kernel, odd. */
  readonly kernel?: number;
  /** Positions from one output to the next; default 1. */
  readonly stride?: number;
  /** `same` (default): pads with zeros, so that stride 1 keeps the size; `valid`: no padding. */
  readonly padding?: 'same' | 'valid';
  /** Groups of channels, which are convolved separately; default 1. */
  readonly group?: number;
}

/** A convolution without bias (batch norm follows), 3×3 by default. Initialised by He's uniform distribution: ±√(6/fan_in). */
export function convolution(
  scope: Scope,
  name: string,
  x: Value,
  width: number,
  options: ConvolutionOptions = {},
): Value {
  const { kernel = 3, stride = 1, padding = 'same', group = 1 } = options;
  const channels = x.shape[1] / group;
  const bound = Math.sqrt(6 / (kernel * kernel * channels));
  const w = scope.parameter(`${name}.weight`, [width, channels, kernel, kernel], { uniform: bound });
  const border = padding === 'same' ? (kernel - 1) / 2 : 0;
  return conv(x, w, { strides: [stride, stride], pads: [border, border, border, border], dilations: [1, 1], group });
}

/** How a linear layer is built. */
export interface LinearOptions {
  /** Whether it adds a bias; default false. */
  readonly bias?: boolean;
  /** Bound of the uniform initial values; default He's √(6/in). */
  readonly bound?: number;
}

/** x W, or x W + b; x is [rows, in] and W [in, out], so that neither pass has to transpose it to multiply. */
export function linear(scope: Scope, name: string, x: Value, width: number, options: LinearOptions = {}): Value {
  const { bias = false, bound = Math.sqrt(6 / x.shape[1]) } = options;
  const w = scope.parameter(`${name}.weight`, [x.shape[1], width], { uniform: bound });
  const y = matmul(x, w);
  return bias ? add(y, scope.parameter(`${name}.bias`, [width], { constant: 0 })) : y;
}

/** Layer norm of each row of x [rows, width]; ε as in vision transformers. */
export function layerNorm(scope: Scope, name: string, x: Value): Value {
  const width = [x.shape[1]];
  const gamma = scope.parameter(`${name}.weight`, width, { constant: 1 });
  const beta = scope.parameter(`${name}.bias`, width, { constant: 0 });
  return layerNormalization(x, gamma, beta, 1e-6);
}
