import type { FoundNode } from '../graph/file-proto.ts';
import { type PlainNode, Steps } from './plain-nodes.ts';

/** The domains of Brevitas, QONNX and FINN, whose operators no engine has. */
const DOMAINS = ['onnx.brevitas', 'qonnx.custom_op.general', 'finn.custom_op.general', 'finn.custom_op.fpgadataflow'];

/**
 * A quantiser of QONNX (github.com/fastmachinelearning/qonnx, docs/qonnx-custom-ops) in operators of ONNX; undefined for any other
 * node. In float32 every step is that of the definition, so the values are the same.
 */
export function plainQuantiser(node: FoundNode, opset: number): readonly PlainNode[] | undefined {
  const { opType = '', domain = '', output } = node;
  const rule = DOMAINS.includes(domain) && Object.hasOwn(RULES, opType) ? RULES[opType] : undefined;
  if (!rule) return undefined;
  const steps = new Steps(output[0] ?? '', opset);
  const made = rule(steps, node);
  return made === undefined ? undefined : steps.endingIn(made, output[0]);
}

const whole = ({ attribute }: FoundNode, name: string, otherwise: number) =>
  attribute.find((each) => each.name === name)?.i ?? otherwise;
const float = ({ attribute }: FoundNode, name: string, otherwise: number) =>
  attribute.find((each) => each.name === name)?.f ?? otherwise;
const text = ({ attribute }: FoundNode, name: string, otherwise: string) => {
  const found = attribute.find((each) => each.name === name)?.s;
  return found ? new TextDecoder().decode(found).toUpperCase() : otherwise;
};

/** x within the whole numbers of so many bits. */
function clamped(steps: Steps, x: string, bits: string, signed: boolean, narrow: boolean): string {
  const span = steps.apply('Pow', 2, signed ? steps.apply('Sub', bits, 1) : bits);
  const high = steps.apply('Sub', span, !signed && narrow ? 2 : 1);
  const low = signed ? steps.apply('Sub', narrow ? 1 : 0, span) : 0;
  return steps.apply('Max', steps.apply('Min', x, high), low);
}

type Rule = (steps: Steps, node: FoundNode) => string | undefined;

/** (round(clamp(x/scale + zero)) − zero)·scale; of one signed bit the sign. */
const quant: Rule = (steps, node) => {
  const [x, scale, zero, bits] = node.input;
  const signed = whole(node, 'signed', 1) === 1;
  const levels = steps.apply('Add', steps.apply('Div', x, scale), zero);
  const held = clamped(steps, levels, bits, signed, whole(node, 'narrow', 1) === 1);
  const rounded = steps.rounded(held, text(node, 'rounding_mode', 'ROUND'));
  if (rounded === undefined) return undefined;
  const isOne = signed ? steps.number(steps.apply('Less', bits, 1.5)) : undefined;
  const chosen = isOne
    ? steps.apply(
        'Add',
        steps.apply('Mul', isOne, steps.sign(levels)),
        steps.apply('Mul', steps.apply('Sub', 1, isOne), rounded),
      )
    : rounded;
  return steps.apply('Mul', steps.apply('Sub', chosen, zero), scale);
};

const RULES: Readonly<Record<string, Rule>> = {
  Quant: quant,
  IntQuant: quant,
  BipolarQuant: (steps, { input: [x, scale] }) => steps.apply('Mul', steps.sign(x), scale),
  /** Of a sum, such as that of an average pool, only the higher bits: round(round(x/scale + zero)/2ⁿ). */
  Trunc(steps, node) {
    const [x, scale, zero, bits, ...rest] = node.input;
    if (rest.length !== 1) return undefined;
    const sum = steps.rounded(steps.apply('Add', steps.apply('Div', x, scale), zero), 'ROUND')!;
    const lost = steps.apply('Pow', 2, steps.apply('Sub', bits, rest[0]));
    const kept = steps.rounded(steps.apply('Div', sum, lost), text(node, 'rounding_mode', 'FLOOR'));
    return kept && steps.apply('Mul', steps.apply('Sub', kept, zero), scale);
  },
  /** How many thresholds of its channel [channels, thresholds] x reaches, ·out_scale + out_bias. */
  MultiThreshold(steps, node) {
    const [x, thresholds] = node.input;
    const shape = steps.apply('Shape', x);
    const isLast = text(node, 'data_layout', 'NCHW') === 'NHWC';
    // One more axis for the thresholds: [batch, channels, positions, 1] or […, channels, 1].
    const one = steps.constant([1], [1], true);
    const wide = isLast ? steps.concatenated(shape, one) : steps.constant([0, 0, -1, 1], [4], true);
    const apart = isLast ? thresholds : steps.apply('Reshape', thresholds, steps.constant([0, 1, -1], [3], true));
    const isUnder = steps.number(steps.apply('Less', steps.apply('Reshape', x, wide), apart));
    const reached = steps.apply('Sub', 1, isUnder);
    const count = steps.sumOfLast(reached);
    const scaled = steps.apply('Mul', steps.apply('Reshape', count, shape), float(node, 'out_scale', 1));
    return steps.apply('Add', scaled, float(node, 'out_bias', 0));
  },
};
