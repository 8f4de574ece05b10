import type { FoundNode } from '../graph/file-proto.ts';
import { ATTRIBUTE_TYPE } from '../graph/onnx-proto.ts';
import { type PlainNode, Steps } from './plain-nodes.ts';

const UNIFORM = ['RandomUniform', 'RandomUniformLike'];
const NORMAL = ['RandomNormal', 'RandomNormalLike'];
const RANDOM = [...UNIFORM, ...NORMAL, 'Bernoulli', 'Multinomial'];

/** Below this opset an operator lacks that the nodes below need. */
const RANGE_SINCE = 11;
/** Below it, what is drawn in another's type is float32 in practice. */
const CAST_LIKE_SINCE = 15;
/** Multiples of it, without their whole part, lie evenly between 0 and 1, however many there are: the golden section. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;
const FLOAT32 = 1;

/** Whether a node gives other values in every run. */
export const isRandom = ({ opType = '', domain = '' }: FoundNode): boolean =>
  (domain === '' || domain === 'ai.onnx') && RANDOM.includes(opType);

/**
 * In place of a node that draws: normal values are their mean, and uniform ones lie evenly along the last axis, the same for every
 * image. An autoencoder that shows its network a random quarter of an image's patches so shows it patches all over the image. Undefined for any other node.
 */
export function steadied(node: FoundNode, opset: number): readonly PlainNode[] | undefined {
  const { opType = '', input, output, attribute } = node;
  const isUniform = UNIFORM.includes(opType);
  if (!isRandom(node) || !(isUniform || NORMAL.includes(opType)) || opset < RANGE_SINCE) return undefined;
  const said = (name: string) => attribute.find((each) => each.name === name);
  const dtype = said('dtype')?.i;
  const steps = new Steps(output[0], opset);
  const whole = (values: readonly number[]) => steps.constant(values, [values.length], true);
  const shape = opType.endsWith('Like') ? steps.apply('Shape', input[0]) : whole(said('shape')?.ints ?? []);
  const to = (x: string, type: number) => steps.add('Cast', [x], { name: 'to', type: ATTRIBUTE_TYPE.INT, i: type });
  let value: string;
  if (isUniform) {
    const extents = steps.concatenated(whole([1]), shape);
    const last = steps.apply('Gather', extents, steps.constant([-1], [], true));
    const zero = steps.constant([0], [], true);
    const count = to(steps.apply('Range', zero, last, steps.constant([1], [], true)), FLOAT32);
    const turned = steps.apply('Mul', count, GOLDEN);
    const [low, high] = [said('low')?.f ?? 0, said('high')?.f ?? 1];
    const part = steps.apply('Sub', turned, steps.apply('Floor', turned));
    value = steps.apply('Add', steps.apply('Mul', part, high - low), low);
  } else value = steps.constant([said('mean')?.f ?? 0], []);
  const all = steps.apply('Expand', value, shape);
  const isLike = dtype === undefined && opType.endsWith('Like') && opset >= CAST_LIKE_SINCE;
  const typed = isLike ? steps.apply('CastLike', all, input[0]) : to(all, dtype ?? FLOAT32);
  return steps.endingIn(typed, output[0]);
}
