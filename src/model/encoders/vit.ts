import { BagsslError } from '../../base/errors.ts';
import { aboveZero, checkOptions, needed, whole } from '../../base/options.ts';
import {
  add,
  conv,
  gelu,
  matmul,
  reduceMean,
  reshape,
  scale,
  slice,
  softmax,
  transpose,
} from '../../graph/functions.ts';
import type { Value } from '../../graph/graph.ts';
import { layerNorm, linear } from '../layers.ts';
import type { Scope } from '../scope.ts';
import type { EncoderKind } from './kind.ts';

/**
 * Dosovitskiy et al., "An Image is Worth 16×16 Words" (arXiv 2010.11929), with layer norm before each branch and no class
 * token: the mean over tokens is the embedding. Tensors have timm's names; the matrices of linear layers are [in, out].
 *
 * Parameters, for T = (size/patch)² tokens: D(3·patch² + 1) + TD + depth·(4D² + 2MD² + 9D + MD) + 2D, M the mlp ratio.
 */
export interface VitConfig {
  /** A vision transformer (Dosovitskiy et al., arXiv 2010.11929). */
  readonly kind: 'vit';
  /** Side of the squares a patch is divided into, px; it divides the patch's size. */
  readonly patch: number;
  /** Width of a token's vector. */
  readonly width: number;
  /** Blocks. */
  readonly depth: number;
  /** Attention heads; they divide the width. */
  readonly heads: number;
  /** Width of a block's hidden layer, in widths. */
  readonly mlpRatio: number;
}

export const vit: EncoderKind<VitConfig> = {
  rules: {
    patch: needed(whole(1, 1024)),
    width: needed(whole(1, 8192)),
    depth: needed(whole(1, 64)),
    heads: needed(whole(1, 128)),
    mlpRatio: needed(aboveZero(64)),
  },
  check({ patch, width, heads, mlpRatio }, size) {
    checkOptions(
      'model.encoder (vit)',
      { 'mlpRatio × width': mlpRatio * width },
      { 'mlpRatio × width': whole(1, 32768) },
    );
    const divides = (what: string, part: number, total: number) => {
      if (total % part !== 0)
        throw new BagsslError('bad-argument', `model: ${what}, but ${part} does not divide ${total}.`);
    };
    divides('a ViT divides its patches into squares', patch, size);
    divides('a ViT divides its width among its heads', heads, width);
  },
  width: ({ width }) => width,
  build(scope, { patch, width, depth, heads, mlpRatio }, patches) {
    const batch = patches.shape[0];
    const tokens = (patches.shape[2] / patch) ** 2;
    const embedded = reshape(embed(scope, patches, patch, width), [batch, width, tokens]);
    // Half-width 0.02·√3: the uniform distribution of deviation 0.02.
    const position = scope.parameter('encoder.pos_embed', [tokens, width], { uniform: 0.02 * Math.sqrt(3) });
    let x = reshape(add(transpose(embedded, [0, 2, 1]), position), [batch * tokens, width]);
    for (let k = 0; k < depth; k++) {
      const name = `encoder.blocks.${k}`;
      const seen = layerNorm(scope, `${name}.norm1`, x);
      x = add(x, attention(scope, `${name}.attn`, seen, batch, heads));
      const hidden = gelu(dense(scope, `${name}.mlp.fc1`, layerNorm(scope, `${name}.norm2`, x), mlpRatio * width));
      x = add(x, dense(scope, `${name}.mlp.fc2`, hidden, width));
    }
    return reduceMean(reshape(layerNorm(scope, 'encoder.norm', x), [batch, tokens, width]), [1]);
  },
};

/** A linear layer with bias, initialised by Glorot's uniform distribution. */
const dense = (scope: Scope, name: string, x: Value, width: number) =>
  linear(scope, name, x, width, { bias: true, bound: Math.sqrt(6 / (x.shape[1] + width)) });

/** One linear map of each square of `patch`² pixels: [batch, width, rows, columns]. */
function embed(scope: Scope, patches: Value, patch: number, width: number): Value {
  const name = 'encoder.patch_embed.proj';
  const bound = Math.sqrt(6 / (3 * patch * patch + width));
  const w = scope.parameter(`${name}.weight`, [width, 3, patch, patch], { uniform: bound });
  const bias = scope.parameter(`${name}.bias`, [width], { constant: 0 });
  return conv(patches, w, { strides: [patch, patch], pads: [0, 0, 0, 0], dilations: [1, 1] }, bias);
}

/**
 * Softmax(QKᵀ/√d)V in each head, then a linear layer; x is [batch·tokens, width]. Q, K and V share one parameter, which is
 * split before it is used: splitting its product with x would cost passes over the batch.
 */
function attention(scope: Scope, name: string, x: Value, batch: number, heads: number): Value {
  const [rows, width] = x.shape;
  const bound = Math.sqrt(6 / (4 * width));
  const weight = scope.parameter(`${name}.qkv.weight`, [width, 3 * width], { uniform: bound });
  const bias = scope.parameter(`${name}.qkv.bias`, [3 * width], { constant: 0 });
  const part = (k: number, order: readonly number[], factor = 1) => {
    const cut = (v: Value) => {
      const piece = slice(v, [v.shape.length - 1], [k * width], [(k + 1) * width]);
      return factor === 1 ? piece : scale(piece, factor);
    };
    const y = add(matmul(x, cut(weight)), cut(bias));
    return transpose(reshape(y, [batch, rows / batch, heads, width / heads]), order);
  };
  const q = part(0, [0, 2, 1, 3], 1 / Math.sqrt(width / heads));
  const scores = softmax(matmul(q, part(1, [0, 2, 3, 1])));
  const heard = transpose(matmul(scores, part(2, [0, 2, 1, 3])), [0, 2, 1, 3]);
  return dense(scope, `${name}.proj`, reshape(heard, [rows, width]), width);
}
