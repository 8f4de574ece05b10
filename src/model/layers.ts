import { add, conv, layerNormalization, matmul, pad, reshape, slice, transpose } from '../graph/functions.ts';
import type { Value } from '../graph/graph.ts';
import type { Scope } from './scope.ts';

export interface ConvolutionOptions {
  /** Side of the kernel, odd; padded so that stride 1 keeps the size. */
  readonly kernel?: number;
  readonly stride?: number;
  readonly group?: number;
}

/** A convolution without bias (batch norm follows), 3×3 unless told. He's uniform start: ±√(6/fan_in). */
export function convolution(
  scope: Scope,
  name: string,
  x: Value,
  width: number,
  options: ConvolutionOptions = {},
): Value {
  const { kernel = 3, stride = 1, group = 1 } = options;
  const channels = x.shape[1] / group;
  const bound = Math.sqrt(6 / (kernel * kernel * channels));
  const w = scope.parameter(`${name}.weight`, [width, channels, kernel, kernel], { uniform: bound });
  const border = (kernel - 1) / 2;
  const [batch, , rows, columns] = x.shape;
  if (kernel === 3 && stride === 1 && group === 1 && rows * columns <= 4 && batch > 1) return stacked(x, w);
  return conv(x, w, { strides: [stride, stride], pads: [border, border, border, border], dilations: [1, 1], group });
}

/**
 * A 3×3 convolution of images of at most four positions, as one of a single tall image in which a row of zeros parts them.
 * Engines multiply image by image, and a product of four columns wastes most of their kernels: on wasm, 512 channels of
 * 2×2 take well under half the time this way, and on lavapipe a third.
 */
function stacked(x: Value, w: Value): Value {
  const [batch, channels, rows, columns] = x.shape;
  const parted = pad(transpose(x, [1, 0, 2, 3]), [0, 0, 0, 0], [0, 0, 1, 0]);
  const tall = reshape(parted, [1, channels, batch * (rows + 1), columns]);
  const y = conv(tall, w, { strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1] });
  const images = slice(reshape(y, [w.shape[0], batch, rows + 1, columns]), [2], [0], [rows]);
  return transpose(images, [1, 0, 2, 3]);
}

export interface LinearOptions {
  readonly bias?: boolean;
  /** Bound of the uniform start; He's √(6/in) unless told. */
  readonly bound?: number;
}

/** x W, or x W + b; x is [rows, in] and W [in, out], so that neither pass has to transpose it to multiply. */
export function linear(scope: Scope, name: string, x: Value, width: number, options: LinearOptions = {}): Value {
  const { bias = false, bound = Math.sqrt(6 / x.shape[1]) } = options;
  const w = scope.parameter(`${name}.weight`, [x.shape[1], width], { uniform: bound });
  const y = matmul(x, w);
  return bias ? add(y, scope.parameter(`${name}.bias`, [width], { constant: 0 })) : y;
}

/** Layer norm of each row of x [rows, width]; ε as vision transformers have it. */
export function layerNorm(scope: Scope, name: string, x: Value): Value {
  const width = [x.shape[1]];
  const gamma = scope.parameter(`${name}.weight`, width, { constant: 1 });
  const beta = scope.parameter(`${name}.bias`, width, { constant: 0 });
  return layerNormalization(x, gamma, beta, 1e-6);
}
