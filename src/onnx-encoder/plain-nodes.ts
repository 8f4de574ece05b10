import type { FILE_NODE } from '../graph/file-proto.ts';
import { ATTRIBUTE_TYPE } from '../graph/onnx-proto.ts';
import type { Message } from '../graph/protobuf/fields.ts';

/** A node to write. */
export type PlainNode = Message<typeof FILE_NODE>;
type Attribute = NonNullable<PlainNode['attribute']>[number];

/** Until this opset there is no Round. */
const ROUND_SINCE = 11;
/** From this opset on the axes of ReduceSum are an input. */
const AXES_INPUT_SINCE = 13;

/** Nodes, each of which is named by its number. */
export class Steps {
  readonly #nodes: PlainNode[] = [];

  constructor(
    private readonly prefix: string,
    private readonly opset: number,
  ) {}

  apply(opType: string, ...input: (string | number)[]): string {
    return this.add(
      opType,
      input.map((each) => (typeof each === 'number' ? this.constant([each], []) : each)),
    );
  }

  constant(values: readonly number[], dims: readonly number[], isWhole = false): string {
    const bytes = isWhole ? new BigInt64Array(values.map(BigInt)).buffer : Float32Array.from(values).buffer;
    const t = { dims: [...dims], dataType: isWhole ? 7 : 1, rawData: new Uint8Array(bytes) };
    return this.add('Constant', [], { name: 'value', type: ATTRIBUTE_TYPE.TENSOR, t });
  }

  /** 1 where it holds, else 0. */
  number(condition: string): string {
    return this.add('Cast', [condition], { name: 'to', type: ATTRIBUTE_TYPE.INT, i: 1 });
  }

  concatenated(...lists: string[]): string {
    return this.add('Concat', lists, { name: 'axis', type: ATTRIBUTE_TYPE.INT, i: 0 });
  }

  sumOfLast(x: string): string {
    if (this.opset >= AXES_INPUT_SINCE) return this.apply('ReduceSum', x, this.constant([-1], [1], true));
    return this.add('ReduceSum', [x], { name: 'axes', type: ATTRIBUTE_TYPE.INTS, ints: [-1] });
  }

  /** In NumPy's way: of two whole numbers that are as near, the even one. */
  rounded(x: string, mode: string): string | undefined {
    if (mode === 'CEIL') return this.apply('Ceil', x);
    if (mode === 'FLOOR') return this.apply('Floor', x);
    if (mode !== 'ROUND') return undefined;
    if (this.opset >= ROUND_SINCE) return this.apply('Round', x);
    const below = this.apply('Floor', x);
    const half = this.apply('Mul', below, 0.5);
    // ½ for odd numbers: there a half is rounded up as well, which is the first float32 above ½ − 2⁻²⁵.
    const odd = this.apply('Sub', half, this.apply('Floor', half));
    const least = this.apply('Sub', 0.5, this.apply('Mul', odd, 2 ** -24));
    return this.apply('Add', below, this.number(this.apply('Greater', this.apply('Sub', x, below), least)));
  }

  /** 1 where x ≥ 0, else −1. */
  sign(x: string): string {
    const isUnder = this.number(this.apply('Less', x, 0));
    return this.apply('Sub', 1, this.apply('Mul', isUnder, 2));
  }

  endingIn(made: string, output: string): readonly PlainNode[] {
    return this.#nodes.map((node) => (node.output![0] === made ? { ...node, output: [output] } : node));
  }

  add(opType: string, input: readonly string[], attribute?: Attribute): string {
    const output = `${this.prefix}/${this.#nodes.length}`;
    this.#nodes.push({ opType, input: [...input], output: [output], ...(attribute && { attribute: [attribute] }) });
    return output;
  }
}
