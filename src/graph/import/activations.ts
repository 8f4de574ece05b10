import * as f from '../functions.ts';
import type { Value } from '../graph.ts';
import { type Foreign, floatOf, plain } from './operation.ts';

/** An activation: a function of one operand and its attributes. */
const activation = (of: (x: Value, float: (name: string, otherwise: number) => number) => Value): Foreign =>
  plain(({ inputs: [x], attributes }) => [of(x!, (name, otherwise) => floatOf(attributes[name], otherwise))]);

/** x·½(1 + tanh(√(2/π)·(x + 0.044715·x³))). */
export const tanhGelu = (x: Value): Value => {
  const inner = f.scale(f.add(x, f.scale(f.mul(x, f.mul(x, x)), 0.044715)), Math.sqrt(2 / Math.PI));
  return f.scale(f.mul(x, f.shift(f.tanh(inner), 1)), 0.5);
};

/** x·σ(αx): with α = 1 SiLU, with 1.702 an approximation of GELU. */
export const swish = (x: Value, alpha: number): Value => f.mul(x, f.sigmoid(alpha === 1 ? x : f.scale(x, alpha)));

/** A kink at a threshold, where `inside` holds beyond it. */
const beyond = (x: Value, threshold: number, inside: Value): Value =>
  f.where(f.greater(x, f.like(x, threshold)), inside, f.like(x, 0));

export const ACTIVATIONS: Readonly<Record<string, Foreign>> = {
  Gelu: plain(({ inputs: [x], attributes: { approximate = 'none' } }) => [
    approximate === 'tanh' ? tanhGelu(x!) : f.gelu(x!),
  ]),
  Swish: activation((x, float) => swish(x, float('alpha', 1))),
  /** x·tanh(log(1 + eˣ)). */
  Mish: activation((x) => f.mul(x, f.tanh(f.softplus(x)))),
  Softsign: activation((x) => f.div(x, f.shift(f.abs(x), 1))),
  ThresholdedRelu: activation((x, float) => beyond(x, float('alpha', 1), x)),
  /** x − bias above λ, x + bias below −λ, 0 between. */
  Shrink: activation((x, float) => {
    const [threshold, bias] = [float('lambd', 0.5), float('bias', 0)];
    const low = f.neg(beyond(f.neg(x), threshold, f.shift(f.neg(x), -bias)));
    return f.add(beyond(x, threshold, f.shift(x, -bias)), low);
  }),
  Selu: activation((x, float) => f.scale(f.elu(x, float('alpha', 1.6732632)), float('gamma', 1.050701))),
  /** max(0, x) + min(0, α(eˣᐟᵅ − 1)), which is α·Elu(x/α). */
  Celu: activation((x, float) => f.scale(f.elu(f.scale(x, 1 / float('alpha', 1))), float('alpha', 1))),
  PRelu: plain(({ inputs: [x, slope] }) => {
    const zero = f.like(x!, 0);
    return [f.where(f.greater(x!, zero), x!, f.mul(x!, slope!))];
  }),
};
