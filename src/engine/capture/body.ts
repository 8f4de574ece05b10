import { sliceRanges } from '../../graph/attributes.ts';
import type { Node, Value } from '../../graph/graph.ts';
import { axisOf, constantIntegers } from '../../graph/shapes.ts';
import { EXPRESSIONS, literal, operandsOf, repeated } from './expressions.ts';
import { broadcastMap, coordinate, type IndexMap, isSame, placeAt, stridesOf } from './index-map.ts';

/** WGSL statements that compute elements of values. Each is computed once for a place in its tensor. */
export class Body {
  readonly lines: string[] = [];
  readonly #names = new Map<string, string>();

  /**
   * @param baseOf the value itself, where others only rename it
   * @param read how a kernel reads an element that is in memory; undefined for one that a node of `made` computes
   */
  constructor(
    private readonly made: ReadonlyMap<Value, Node>,
    private readonly baseOf: (value: Value) => Value,
    private readonly read: (value: Value, index: string) => string | undefined,
  ) {}

  /** Names an element that is already in a variable. */
  set(value: Value, index: string, name: string): void {
    this.#names.set(`${value.name} ${index}`, name);
  }

  /** The variable of a value's element at a place, which is itself a variable. */
  at(given: Value, index: string): string {
    const value = this.baseOf(given);
    const key = `${value.name} ${index}`;
    const known = this.#names.get(key);
    if (known) return known;
    const number = value.data && repeated(value);
    const text = number === undefined ? (this.read(value, index) ?? this.#computed(value, index)) : literal(number);
    return this.#let(key, text);
  }

  /** As `at`, but computed even if it is in memory. */
  fresh(value: Value, index: string): string {
    const key = `${value.name} ${index}`;
    const known = this.#names.get(key);
    if (known || !this.made.has(value)) return known ?? this.at(value, index);
    return this.#let(key, this.#computed(value, index));
  }

  /** A place as a variable. */
  index(text: string): string {
    return /^\w+$/.test(text) ? text : (this.#names.get(text) ?? this.#let(text, text));
  }

  #let(key: string, text: string): string {
    const name = `v${this.#names.size}`;
    this.#names.set(key, name);
    this.lines.push(`let ${name} = ${text};`);
    return name;
  }

  #mapped(x: Value, map: IndexMap, index: string): string {
    return this.at(x, isSame(map) ? index : this.index(placeAt(map, index)));
  }

  #computed(value: Value, index: string): string {
    const node = this.made.get(value)!;
    const { operator, attributes } = node;
    const operands = operandsOf(node);
    const [x] = operands;
    const { shape } = value;
    switch (operator.type) {
      case 'Transpose': {
        const order = (attributes.perm as readonly number[] | undefined) ?? shape.map((_, k) => shape.length - 1 - k);
        const strides = stridesOf(x.shape);
        return this.#mapped(x, { extents: shape, strides: order.map((axis) => strides[axis]), offset: 0 }, index);
      }
      case 'Expand':
        return this.#mapped(x, broadcastMap(shape, x.shape), index);
      case 'Slice': {
        const strides = stridesOf(x.shape);
        const ranges = sliceRanges(x, node.inputs.slice(1));
        const offset = ranges.reduce((sum, { start }, axis) => sum + start * strides[axis], 0);
        return this.#mapped(
          x,
          { extents: shape, strides: ranges.map(({ step }, k) => step * strides[k]), offset },
          index,
        );
      }
      case 'Pad':
        return this.#padded(node, index);
      case 'Concat':
        return this.#joined(node, index);
      case 'BatchNormalization':
        return this.#normalised(node, index);
      default:
        return EXPRESSIONS[operator.type](
          ...operands.map((operand) => this.#mapped(operand, broadcastMap(shape, operand.shape), index)),
        );
    }
  }

  /** What is outside is read too, anywhere, and not used. */
  #padded({ inputs: [x, pads, fill], outputs: [{ shape }] }: Node, index: string): string {
    const before = constantIntegers('Pad', pads).slice(0, x.shape.length);
    const strides = stridesOf(x.shape);
    const offset = -before.reduce((sum, amount, axis) => sum + amount * strides[axis], 0);
    const inside = shape.flatMap((extent, axis) =>
      extent === x.shape[axis] ? [] : [`${coordinate(shape, axis, index)} - ${before[axis]}u < ${x.shape[axis]}u`],
    );
    const within = this.#mapped(x, { extents: shape, strides, offset }, index);
    return `select(${literal(fill ? repeated(fill)! : 0)}, ${within}, ${inside.join(' && ')})`;
  }

  #joined({ inputs, outputs: [{ shape }], attributes }: Node, index: string): string {
    const along = axisOf('Concat', attributes.axis as number, shape.length);
    const place = coordinate(shape, along, index);
    let from = 0;
    const parts = inputs.map((x) => {
      const strides = stridesOf(x.shape);
      const value = this.#mapped(x, { extents: shape, strides, offset: -from * strides[along] }, index);
      from += x.shape[along];
      return { value, end: from };
    });
    return parts.reduceRight(
      (rest, { value, end }) => `select(${rest}, ${value}, ${place} < ${end}u)`,
      parts.at(-1)!.value,
    );
  }

  #normalised({ inputs, attributes }: Node, index: string): string {
    const [x, ...perChannel] = inputs;
    const channel = this.index(coordinate(x.shape, 1, index));
    const [gamma, beta, mean, variance] = perChannel.map((v) => this.at(v, channel));
    const epsilon = (attributes.epsilon as { float: number } | undefined)?.float ?? 1e-5;
    const [, , centre, spread] = perChannel;
    const plain = repeated(centre) === 0 && repeated(spread) === 1 && epsilon === 0;
    const y = this.at(x, index);
    return plain
      ? `${y} * ${gamma} + ${beta}`
      : `(${y} - ${mean}) * (${gamma} / sqrt(${variance} + ${literal(epsilon)})) + ${beta}`;
  }
}
