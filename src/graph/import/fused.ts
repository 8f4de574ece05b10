import { BagsslError } from '../../base/errors.ts';
import * as f from '../functions.ts';
import { clip, gelu, leakyRelu, relu, sigmoid, tanh } from '../functions.ts';
import type { Value } from '../graph.ts';
import { swish, tanhGelu } from './activations.ts';
import { type Foreign, floatOf, type Operation, plain } from './operation.ts';
import { windowed } from './windows.ts';

/** What FusedConv may apply to its result, with its parameters. */
const AFTER: Readonly<Record<string, (y: Value, params: readonly number[]) => Value>> = {
  '': (y) => y,
  Relu: relu,
  Tanh: tanh,
  Sigmoid: sigmoid,
  LeakyRelu: (y, [alpha = 0.01]) => leakyRelu(y, alpha),
  Clip: (y, [low, high]) => clip(y, low, high),
  HardSigmoid: (y, [alpha = 0.2, beta = 0.5]) => clip(f.shift(f.scale(y, alpha), beta), 0, 1),
};

/** Operators of ONNX Runtime's own that its optimizer and exporters write, in the domain com.microsoft. */
export const FUSED: Readonly<Record<string, Foreign>> = {
  'com.microsoft.Gelu': plain(({ inputs: [x] }) => [gelu(x!)]),
  'com.microsoft.BiasGelu': plain(({ inputs: [x, bias] }) => [gelu(f.add(x!, bias!))]),
  'com.microsoft.FastGelu': plain(({ inputs: [x, bias] }) => [tanhGelu(bias ? f.add(x!, bias) : x!)]),
  'com.microsoft.QuickGelu': plain(({ inputs: [x], attributes: { alpha } }) => [swish(x!, floatOf(alpha, 1.702))]),
  /** Conv, plus a fourth operand, then an activation. */
  'com.microsoft.FusedConv': plain((operation: Operation) => {
    const { inputs, attributes } = operation;
    const { activation = '', activation_params, ...geometry } = attributes;
    const [y] = windowed({ ...operation, type: 'Conv', inputs: inputs.slice(0, 3), attributes: geometry });
    const after = AFTER[activation as string];
    if (!after) throw new BagsslError('unsupported-operator', `FusedConv with the activation "${activation}".`);
    const params = (activation_params as { floats: readonly number[] } | undefined)?.floats ?? [];
    return [after(inputs[3] ? f.add(y, inputs[3]) : y, params)];
  }),
  'com.microsoft.FusedMatMul': plain(({ inputs: [a, b], attributes: { alpha, transA = 0, transB = 0 } }) => {
    const y = f.matmul(transA ? f.transposed(a!) : a!, transB ? f.transposed(b!) : b!);
    return [floatOf(alpha, 1) === 1 ? y : f.scale(y, floatOf(alpha, 1))];
  }),
  'com.microsoft.SkipLayerNormalization': plain(({ inputs: [x, skip, gamma, beta, bias], attributes: { epsilon } }) => {
    const sum = bias ? f.add(f.add(x!, skip!), bias) : f.add(x!, skip!);
    const zero = beta ?? gamma!.graph.floats(new Float32Array(gamma!.shape[0]), gamma!.shape, gamma!.dtype);
    return [f.layerNormalization(sum, gamma!, zero, floatOf(epsilon, 1e-5))];
  }),
};
