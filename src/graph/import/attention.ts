import { BagsslError } from '../../base/errors.ts';
import * as f from '../functions.ts';
import type { Value } from '../graph.ts';
import { mismatch } from '../shapes.ts';
import { MOST_FOLDED } from './fold.ts';
import { floatOf, type Translation } from './operation.ts';

/**
 * softmax(s·QKᵀ + mask)·V, by head: Q is [batch, heads, tokens, width], or [batch, tokens, heads·width]. K and V may have fewer heads,
 * each for several of Q's. PyTorch writes it for scaled_dot_product_attention from opset 23 on.
 */
export const attention: Translation = ({ inputs: [query, key, value, mask, ...past], attributes }) => {
  const { q_num_heads, kv_num_heads, is_causal, scale, softcap } = attributes;
  if (past.some(Boolean) || floatOf(softcap, 0)) {
    throw new BagsslError('unsupported-operator', 'Attention with past keys or a softcap is not supported.');
  }
  const [q, k, v] = [query!, key!, value!].map((x, i) => byHead(x, (i ? kv_num_heads : q_num_heads) as number));
  const [batch, heads, tokens, width] = q.shape;

  // Heads that share keys are as more tokens of one head.
  const product = (x: Value, y: Value) => {
    if (heads % y.shape[1] !== 0) throw mismatch('Attention', 'cannot share their heads', q, y);
    const together = f.reshape(x, [batch, y.shape[1], -1, x.shape[3]]);
    return f.reshape(f.matmul(together, y), [batch, heads, tokens, y.shape[3]]);
  };
  const scores = product(f.scale(q, floatOf(scale, 1 / Math.sqrt(width))), f.transposed(k));
  // What is added to a score that does not count.
  const low = q.dtype === 'float16' ? -65504 : -3.4e38;
  let masked = is_causal === 1 ? f.add(scores, causal(scores, low)) : scores;
  if (mask) masked = mask.dtype === 'bool' ? f.where(mask, masked, f.like(q, low)) : f.add(masked, mask);
  const y = product(f.softmax(masked), v);
  const flat = () => f.reshape(f.transpose(y, [0, 2, 1, 3]), [batch, tokens, heads * v.shape[3]]);
  return [query!.shape.length === 3 ? flat() : y, k, v, scores];
};

/** [batch, tokens, heads·width] → [batch, heads, tokens, width]. */
function byHead(x: Value, heads: number): Value {
  const [batch, tokens, all, width] = x.shape;
  if (width) return x;
  if (all % heads !== 0) throw mismatch('Attention', `has no ${heads} equal heads`, x);
  return f.transpose(f.reshape(x, [batch, tokens, heads, all / heads]), [0, 2, 1, 3]);
}

/** Each token sees those before it and itself. */
function causal(scores: Value, low: number): Value {
  const [tokens, seen] = scores.shape.slice(2);
  if (tokens * seen > MOST_FOLDED) throw mismatch('Attention', 'is too large to be causal', scores);
  const data = Float32Array.from({ length: tokens * seen }, (_, i) => (i % seen > Math.floor(i / seen) ? low : 0));
  return scores.graph.floats(data, [tokens, seen], scores.dtype);
}
