import { BagsslError } from '../../base/errors.ts';
import { conv, globalAveragePool, mul, pad, scale, squeeze, unsqueeze } from '../functions.ts';
import { type Attributes, elements, type Value } from '../graph.ts';
import { mismatch } from '../shapes.ts';
import type { Operation } from './operation.ts';

/** The backward pass of a pool grows with its window and strides; no network goes beyond this. */
const LARGEST = 1024;

type Numbers = readonly number[];

/** The window of a node, with ONNX's defaults filled in; the lists have one number per axis, `pads` one per side. */
interface Window {
  readonly space: Numbers;
  readonly kernel: Numbers;
  readonly strides: Numbers;
  readonly dilations: Numbers;
  /** How far the kernel's taps reach: dilation·(kernel − 1). */
  readonly reach: Numbers;
  readonly pads: Numbers;
}

/** Convolutions and pooling with explicit pads, also where the file has `auto_pad` or `ceil_mode`. Signals [N,C,L] are images of one row. */
export function windowed(operation: Operation): readonly Value[] {
  const { type, inputs, attributes } = operation;
  const [x, w, ...rest] = inputs;
  if (x!.shape.length !== 3) return ofImages(operation);
  const own = Object.entries(attributes).map(([name, value]) => {
    if (!Array.isArray(value)) return [name, value];
    if (value.length !== (name === 'pads' ? 2 : 1)) throw mismatch(type, `does not fit ${name} [${value}]`, x!);
    return [name, value.flatMap((n) => [name.includes('pad') ? 0 : 1, n])];
  });
  const [image, kernel] = [x, w].map((v) => v && unsqueeze(v, [2]));
  const made = ofImages({ ...operation, inputs: [image, kernel, ...rest], attributes: Object.fromEntries(own) });
  return made.map((y) => squeeze(y, [2]));
}

function ofImages({ type, graph, inputs, attributes }: Operation): readonly Value[] {
  const { auto_pad = 'NOTSET', ceil_mode = 0, storage_order: _, output_shape, ...rest } = attributes;
  const own = rest as Attributes & Record<string, Numbers | undefined>;
  const operands = inputs.filter((v) => v !== undefined);
  const [x, w] = operands;
  const window = windowOf(x, w, own);
  const { kernel, space } = window;
  const pads = String(auto_pad).startsWith('SAME') ? samePads(window, auto_pad as string) : window.pads;
  const isWhole =
    type === 'AveragePool' &&
    pads === window.pads &&
    space.length === x.shape.length - 2 &&
    coversAll(window, ceil_mode === 1);
  check(window, type.endsWith('Pool') && !isWhole ? LARGEST : Number.MAX_SAFE_INTEGER);
  if (w && type.startsWith('Conv') && `${kernel}` !== `${w.shape.slice(2)}`) {
    throw mismatch(type, `does not fit kernel_shape [${kernel}]`, w);
  }
  if (type === 'ConvTranspose') {
    return graph.apply(type, operands, {
      ...own,
      ...transposedPads(window, auto_pad as string, own, output_shape as Numbers),
    });
  }
  if (isWhole) {
    const counted = own.count_include_pad === (1 as never) ? elements(paddedSpace(window)) : elements(space);
    return [scale(globalAveragePool(x), elements(space) / counted)];
  }
  const rounded = ceil_mode === 1 ? roundedUp({ ...window, pads }) : pads;
  if (type !== 'AveragePool') return graph.apply(type, operands, { ...own, pads: rounded });

  // Padding counts, but what ceil_mode adds beyond it does not: the padding is made real.
  if (own.count_include_pad === (1 as never) && `${rounded}` !== `${pads}`) {
    const rank = space.length;
    const wide = pad(x, [0, 0, ...pads.slice(0, rank)], [0, 0, ...pads.slice(rank)]);
    const beyond = rounded.map((n, i) => n - pads[i]);
    return averaged(wide, windowOf(wide, w, { ...own, pads: beyond }), { ...own, count_include_pad: 0 });
  }
  return averaged(x, { ...window, pads: rounded }, own);
}

function windowOf(x: Value, w: Value | undefined, own: Readonly<Record<string, unknown>>): Window {
  const given = own as Readonly<Record<string, Numbers | undefined>>;
  const kernel = given.kernel_shape ?? w?.shape.slice(2) ?? [];
  const strides = given.strides ?? kernel.map(() => 1);
  const dilations = given.dilations ?? kernel.map(() => 1);
  const pads = given.pads ?? [...kernel, ...kernel].map(() => 0);
  const space = kernel.map((_, i) => x.shape[i + 2]);
  return { space, kernel, strides, dilations, pads, reach: kernel.map((k, i) => dilations[i] * (k - 1)) };
}

/** Refuses numbers that no window has, or that are larger than `most`. */
function check({ kernel, strides, dilations, pads }: Window, most: number): void {
  for (const [what, numbers, least] of [
    ['kernel', kernel, 1],
    ['stride', strides, 1],
    ['dilation', dilations, 1],
    ['pad', pads, 0],
  ] as const) {
    const bad = numbers.find((n) => !(n >= least && n <= most));
    if (bad !== undefined)
      throw new BagsslError('bad-model', `a ${what} of ${bad}; from ${least} to ${most} is supported.`);
  }
}

const paddedSpace = ({ space, pads }: Window) => space.map((extent, i) => extent + pads[i] + pads[i + space.length]);

/**
 * Whether there is one window, which covers the image with its padding, whatever its size. That of Hugging Face's EfficientNet
 * has as many rows and columns as the vector has numbers.
 */
const coversAll = (window: Window, roundsUp: boolean) =>
  paddedSpace(window).every((extent, i) => {
    const beyond = window.kernel[i] - extent;
    return window.dilations[i] === 1 && beyond >= 0 && beyond < (roundsUp ? window.strides[i] : 1);
  });

const halves = (total: Numbers, upper: boolean) => {
  const [less, more] = [total.map((n) => Math.floor(n / 2)), total.map((n) => Math.ceil(n / 2))];
  return upper ? [...less, ...more] : [...more, ...less];
};

/** As many outputs as inputs, divided by the strides. */
function samePads({ space, strides, reach }: Window, auto: string): Numbers {
  const total = space.map((extent, i) =>
    Math.max(0, (Math.ceil(extent / strides[i]) - 1) * strides[i] + reach[i] + 1 - extent),
  );
  return halves(total, auto === 'SAME_UPPER');
}

/** Pads that include the last, partial window; ONNX skips a window that would start beyond the input. */
function roundedUp({ space, strides, reach, pads }: Window): Numbers {
  const rank = space.length;
  const extra = space.map((extent, i) => {
    const padded = extent + pads[i] + pads[i + rank];
    const last = Math.ceil((padded - reach[i] - 1) / strides[i]);
    const started = last * strides[i] < extent + pads[i] ? last : last - 1;
    return Math.max(0, started * strides[i] + reach[i] + 1 - padded);
  });
  return [...pads.slice(0, rank), ...pads.slice(rank).map((n, i) => n + extra[i])];
}

/** Pads of a ConvTranspose whose output is given: as `output_shape`, or by `auto_pad` the input's times the strides. */
function transposedPads(
  { space, strides, reach, pads }: Window,
  auto: string,
  { output_padding }: Readonly<Record<string, Numbers | undefined>>,
  shape: Numbers | undefined,
): Attributes {
  if (!shape && !auto.startsWith('SAME')) return { pads };
  const wanted = shape?.slice(-space.length) ?? space.map((extent, i) => extent * strides[i]);
  const extra = output_padding ?? space.map(() => 0);
  const total = space.map((extent, i) => strides[i] * (extent - 1) + extra[i] + reach[i] + 1 - wanted[i]);
  return {
    pads: halves(
      total.map((n) => Math.max(0, n)),
      auto === 'SAME_UPPER',
    ),
    output_padding: extra.map((n, i) => n + Math.max(0, -total[i])),
  };
}

/** An AveragePool; a dilated one is a convolution of each channel with equal taps. */
function averaged(x: Value, { kernel, strides, dilations, reach, pads }: Window, own: Attributes): readonly Value[] {
  const { dilations: _, ...plain } = own;
  if (dilations.every((d) => d === 1)) return x.graph.apply('AveragePool', [x], { ...plain, pads });
  const [, c, ...space] = x.shape;
  const size = elements(kernel);
  const taps = x.graph.floats(new Float32Array(c * size).fill(1), [c, 1, ...kernel], x.dtype);
  const sum = conv(x, taps, { strides, pads, dilations, group: c });
  const [rows, columns] = [0, 1].map((axis) =>
    Array.from({ length: sum.shape[axis + 2] }, (_, i) => {
      const places = Array.from(
        { length: kernel[axis] },
        (_, k) => i * strides[axis] - pads[axis] + k * dilations[axis],
      );
      return own.count_include_pad === 1 ? kernel[axis] : places.filter((at) => at >= 0 && at < space[axis]).length;
    }),
  );
  const shares = Float32Array.from(rows.flatMap((r) => columns.map((n) => 1 / (r * n))));
  if (reach.length !== 2) throw mismatch('AveragePool', 'must be [N,C,H,W]', x);
  return [mul(sum, x.graph.floats(shares, [1, 1, ...sum.shape.slice(2)], x.dtype))];
}
