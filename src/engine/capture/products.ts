import { type Geometry, geometryOf } from '../../graph/attributes.ts';
import { elements, type Node, type Shape } from '../../graph/graph.ts';
import { type Kernel, MOST_GROUPS } from './kernels.ts';

/** Threads of a workgroup. */
const THREADS = 32;
/**
 * Rows and columns of the part of a product that a thread computes: its factors are read once for as many products. The driver takes
 * 0.2 s to compile a kernel of 4 rows and columns and 0.6 s for one of 8, which only a large product repays.
 */
const partOf = (products: number): number => (products < 2 ** 16 ? 2 : products < 2 ** 20 ? 4 : 8);

/** The buffers that hold a product's factors and result. */
export interface Factors {
  readonly x: string;
  readonly w: string;
  readonly y: string;
}

/** How a product of `rows` × `columns` is summed, in WGSL. Rows have numbers `i`. */
interface Sum {
  readonly rows: number;
  readonly columns: number;
  /** Rows are read alike in groups of as many, and those of one thread are of one group; default: all of them. */
  readonly alike?: number;
  /** Variables of row `m${i}` of `matrix`, of which there are `matrices`. */
  readonly row: (i: number) => string;
  readonly matrices: number;
  /** The loops around the innermost, each with what it must compute first; the innermost is over `c`, up to `inner`. */
  readonly loops: readonly { readonly loop: string; readonly taps: number }[];
  readonly inLoop: (i: number) => string;
  readonly inner: number;
  /** The element of x for row i, and of w before the column. */
  readonly factor: (i: number) => string;
  readonly line: string;
  /** Where row i of y begins, and whether y has it; default: yes. */
  readonly result: (i: number) => string;
  readonly isIn?: (i: number) => string;
}

/**
 * A product as a kernel of our own: convolutions of images with channels last, by kernels of [height, width, in, out], and products of
 * matrices. It uses neither shared memory nor barriers, which a GPU that is emulated in software gains nothing from; there a load costs
 * as much as 10 to 100 products, so a thread computes many elements of every factor it loads. Undefined for what it cannot compute.
 */
export function productKernel(node: Node, x: Shape, y: Shape, names: Factors): Kernel | undefined {
  const sum = sumOf(node, x, y);
  const kernel = sum && written(sum, names);
  return kernel && kernel.groups <= MOST_GROUPS ? kernel : undefined;
}

function sumOf(node: Node, x: Shape, y: Shape): Sum | undefined {
  const { operator, inputs, outputs, attributes } = node;
  if (outputs[0].dtype !== 'float32' || inputs.length !== 2) return undefined;
  if (operator.type === 'MatMul') return matrices(inputs[0].shape, inputs[1].shape);
  if (operator.type !== 'Conv' && operator.type !== 'ConvTranspose') return undefined;
  const g = geometryOf(operator.type, attributes);
  const [high, wide] = inputs[1].shape.slice(2);
  if (g.group! > 1) return undefined;
  return operator.type === 'Conv' ? convolution(x, y, [high, wide], g) : spread(x, y, [high, wide], g);
}

function matrices(x: Shape, w: Shape): Sum | undefined {
  const [inner, columns] = w.slice(-2);
  const many = elements(w.slice(0, -2));
  if (many > 1 && `${x.slice(0, -2)}` !== `${w.slice(0, -2)}`) return undefined;
  const rows = elements(x) / inner / many;
  return {
    rows,
    columns,
    matrices: many,
    row: (i) => `let x${i} = (matrix * ${rows}u + m${i}) * ${inner}u;`,
    loops: [],
    inLoop: () => '',
    inner,
    factor: (i) => `x[x${i} + c]`,
    line: `(matrix * ${inner}u + c) * ${columns}u`,
    result: (i) => `(matrix * ${rows}u + m${i}) * ${columns}u`,
  };
}

/** Of images [N,H,W,C]; taps outside an image read anything and count as zeros. */
function convolution(
  [, height, width, inner]: Shape,
  [images, high, wide, columns]: Shape,
  taps: readonly number[],
  { strides, pads, dilations }: Geometry,
): Sum {
  const at = (k: number, place: string) => `${place} * ${strides[k]}u - ${pads[k]}u`;
  return {
    rows: images * high * wide,
    columns,
    matrices: 1,
    row: (i) => `let b${i} = m${i} / ${high * wide}u * ${height}u;
let h${i} = ${at(0, `(m${i} / ${wide}u % ${high}u)`)};
let w${i} = ${at(1, `(m${i} % ${wide}u)`)};`,
    loops: ['p', 'q'].map((name, k) => ({
      loop: `for (var ${name} = 0u; ${name} < ${taps[k]}u; ${name}++)`,
      taps: taps[k],
    })),
    inLoop: (i) => inside(i, `h${i} + p * ${dilations[0]}u`, `w${i} + q * ${dilations[1]}u`, height, width, inner),
    inner,
    factor: (i) => `select(0.0, x[x${i} + c], in${i})`,
    line: `((p * ${taps[1]}u + q) * ${inner}u + c) * ${columns}u`,
    result: (i) => `m${i} * ${columns}u`,
  };
}

/**
 * A transposed convolution. Rows whose places are the same modulo the strides are read through the same taps, so they are neighbours
 * here, and a thread has only such rows.
 */
function spread(
  [, height, width, inner]: Shape,
  [images, high, wide, columns]: Shape,
  taps: readonly number[],
  { strides, pads, dilations }: Geometry,
): Sum | undefined {
  if (dilations.some((dilation) => dilation > 1)) return undefined;
  const [tall, broad] = [Math.ceil(high / strides[0]), Math.ceil(wide / strides[1])];
  const alike = images * tall * broad;
  const shift = (k: number, phase: string) => `(${phase} + ${pads[k]}u) % ${strides[k]}u`;
  return {
    rows: alike * strides[0] * strides[1],
    columns,
    alike,
    matrices: 1,
    row: (i) => `let h${i} = m${i} / ${broad}u % ${tall}u * ${strides[0]}u + m${i} / ${alike * strides[1]}u;
let w${i} = m${i} % ${broad}u * ${strides[1]}u + m${i} / ${alike}u % ${strides[1]}u;
let n${i} = m${i} / ${tall * broad}u % ${images}u;
let b${i} = n${i} * ${height}u;`,
    loops: ['p', 'q'].map((name, k) => ({
      loop: `for (var ${name} = ${shift(k, k === 0 ? 'h0' : 'w0')}; ${name} < ${taps[k]}u; ${name} += ${strides[k]}u)`,
      taps: Math.ceil(taps[k] / strides[k]),
    })),
    // What is above or left of the image wraps around to a place far below or right of it.
    inLoop: (i) =>
      inside(
        i,
        `(h${i} + ${pads[0]}u - p) / ${strides[0]}u`,
        `(w${i} + ${pads[1]}u - q) / ${strides[1]}u`,
        height,
        width,
        inner,
      ),
    inner,
    factor: (i) => `select(0.0, x[x${i} + c], in${i})`,
    line: `((p * ${taps[1]}u + q) * ${inner}u + c) * ${columns}u`,
    result: (i) => `((n${i} * ${high}u + h${i}) * ${wide}u + w${i}) * ${columns}u`,
    isIn: high % strides[0] || wide % strides[1] ? (i) => `h${i} < ${high}u && w${i} < ${wide}u` : undefined,
  };
}

const inside = (i: number, h: string, w: string, height: number, width: number, inner: number) => `let y${i} = ${h};
let z${i} = ${w};
let in${i} = y${i} < ${height}u && z${i} < ${width}u;
let x${i} = select(0u, ((b${i} + y${i}) * ${width}u + z${i}) * ${inner}u, in${i});`;

function written(sum: Sum, names: Factors): Kernel {
  const { rows, columns, matrices, loops, inner } = sum;
  const taps = loops.reduce((product, { taps }) => product * taps, 1);
  const part = partOf(rows * columns * matrices * inner * taps);
  let tall = Math.min(part, rows);
  while ((sum.alike ?? tall) % tall > 0) tall--;
  const wide = Math.min(part, columns);
  const [down, across] = [Math.ceil(rows / tall), Math.ceil(columns / wide)];
  const all = down * across * matrices;
  const [i, j] = [tall, wide].map((count) => Array.from({ length: count }, (_, k) => k));
  const each = (text: (a: number, b: number) => string) => i.flatMap((a) => j.map((b) => text(a, b))).join('\n');
  // Neighbouring threads read and write neighbouring columns.
  const bounded = (whole: boolean, text: string, most: number) => (whole ? text : `min(${text}, ${most - 1}u)`);
  const row = (a: number) => bounded(rows % tall === 0, `part * ${tall}u + ${a}u`, rows);
  const column = (b: number) => bounded(columns % wide === 0, `side + ${b * across}u`, columns);
  const code = `@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(${THREADS}) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
if (id.x >= ${all}u) { return; }
let side = id.x % ${across}u;
let part = id.x / ${across}u % ${down}u;
let matrix = id.x / ${across * down}u;
${i.map((a) => `let m${a} = ${row(a)};\n${sum.row(a)}`).join('\n')}
${j.map((b) => `let o${b} = ${column(b)};`).join('\n')}
${each((a, b) => `var s${a}_${b} = 0.0;`)}
${loops.map(({ loop }) => `${loop} {`).join('\n')}
${i.map(sum.inLoop).join('\n')}
for (var c = 0u; c < ${inner}u; c++) {
let line = ${sum.line};
${i.map((a) => `let f${a} = ${sum.factor(a)};`).join('\n')}
${j.map((b) => `let g${b} = w[line + o${b}];`).join('\n')}
${each((a, b) => `s${a}_${b} = fma(f${a}, g${b}, s${a}_${b});`)}
}
${loops.map(() => '}').join('')}
${i
  .map((a) => {
    const stores = j.map((b) => `y[line${a} + o${b}] = s${a}_${b};`).join('\n');
    return `let line${a} = ${sum.result(a)};\n${sum.isIn ? `if (${sum.isIn(a)}) {\n${stores}\n}` : stores}`;
  })
  .join('\n')}
}`;
  const buffers = [names.x, names.w, names.y].map((name, k) => ({ name, written: k === 2 }));
  return { code, groups: Math.ceil(all / THREADS), buffers };
}
