import { add, conv, matmul, reduceMean } from '../graph/functions.ts';
import type { Value } from '../graph/graph.ts';
import { batchNormRelu } from './batch-norm.ts';
import type { ModelConfig } from './config.ts';
import type { Scope } from './scope.ts';

/** What a network makes of a batch of patches, each [patches, width]. */
export interface Features {
  /** The encoder's output, averaged over positions. */
  readonly embedding: Value;
  /** After the projector's first layer: the feature EMP-SSL evaluates. */
  readonly preFeature: Value;
  /** The projector's output, as it comes: objectives that want unit length normalise it. */
  readonly projection: Value;
}

/** Encoder and projector on `patches` [patches, 3, size, size]. */
export function network(scope: Scope, { encoder, projector }: ModelConfig, patches: Value): Features {
  let x = patches;
  encoder.widths.forEach((width, k) => {
    const stride = encoder.strides[k];
    const y = batchNormRelu(scope, `encoder.${k}.bn`, convolution(scope, `encoder.${k}.conv`, x, width, stride));
    x = encoder.residual && `${y.shape}` === `${x.shape}` ? add(x, y) : y;
  });
  const embedding = reduceMean(x, [2, 3]);
  const hidden: Value[] = [];
  projector.hidden.forEach((width, k) => {
    const y = linear(scope, `projector.${k}.linear`, hidden.at(-1) ?? embedding, width);
    hidden.push(batchNormRelu(scope, `projector.${k}.bn`, y));
  });
  const projection = linear(scope, `projector.${hidden.length}.linear`, hidden.at(-1)!, projector.out);
  return { embedding, preFeature: hidden[0], projection };
}

/** A 3×3 convolution, padded by 1, without bias (batch norm follows). He's uniform start: ±√(6/fan_in). */
function convolution(scope: Scope, name: string, x: Value, width: number, stride: number): Value {
  const w = scope.parameter(`${name}.weight`, [width, x.shape[1], 3, 3], { uniform: Math.sqrt(6 / (9 * x.shape[1])) });
  return conv(x, w, { strides: [stride, stride], pads: [1, 1, 1, 1], dilations: [1, 1] });
}

/** x W without bias; W is [in, out], so that neither pass has to transpose it to multiply. */
function linear(scope: Scope, name: string, x: Value, width: number): Value {
  const w = scope.parameter(`${name}.weight`, [x.shape[1], width], { uniform: Math.sqrt(6 / x.shape[1]) });
  return matmul(x, w);
}
