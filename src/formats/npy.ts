import { BagsslError } from '../base/errors.ts';
import { given, givenBytes } from '../base/options.ts';
import { isA } from '../base/values.ts';
import { elements, extent, type TensorData } from './dtypes.ts';

/** An array of a .npy file: `data.length` is the product of `shape`, last axis fastest. */
export interface NpyArray {
  /** NumPy's name of the element type, such as `<f4`. */
  readonly descr: string;
  /** Extents, outermost first; [] is a scalar. */
  readonly shape: readonly number[];
  /** Row by row. */
  readonly data: TensorData;
}

const ARRAYS = {
  '<f4': Float32Array,
  '<f8': Float64Array,
  '|b1': Uint8Array,
  '|i1': Int8Array,
  '|u1': Uint8Array,
  '<i2': Int16Array,
  '<u2': Uint16Array,
  '<i4': Int32Array,
  '<u4': Uint32Array,
  '<i8': BigInt64Array,
  '<u8': BigUint64Array,
} as const;

export type NpyDescr = keyof typeof ARRAYS;

const MAGIC = '\x93NUMPY';
/** NumPy leaves room for the first axis to grow to this many digits in place. */
const GROWTH_DIGITS = 21;

/**
 * The header of a .npy file (version 1.0), byte for byte as NumPy writes it. Only the elements follow it, so a file whose final
 * shape is known can be written in pieces.
 * @param shape whole numbers, first axis first
 * @throws BagsslError `bad-argument`
 */
export function npyHeader(shape: readonly number[], descr: NpyDescr = '<f4'): Uint8Array<ArrayBuffer> {
  if (extent(shape) === undefined) {
    throw new BagsslError('bad-argument', `The shape of an array is [${shape}]; it must be whole numbers from 0.`);
  }
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const room = shape.length ? GROWTH_DIGITS - String(shape[0]).length : 0;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }${' '.repeat(room)}`;
  const before = MAGIC.length + 4;
  // The elements start at a multiple of 64; a newline ends the header.
  const total = Math.ceil((before + text.length + 1) / 64) * 64;
  const length = total - before;
  if (length > 0xffff) throw new BagsslError('bad-argument', `An array of ${shape.length} axes has too long a header.`);
  const prefix = `${MAGIC}\x01\x00${String.fromCharCode(length & 0xff, length >>> 8)}`;
  return Uint8Array.from(`${(prefix + text).padEnd(total - 1)}\n`, (c) => c.charCodeAt(0));
}

/**
 * The bytes of a .npy file of float32.
 * @param data the elements, last axis fastest; as many as the product of `shape`
 * @throws BagsslError `bad-argument`
 */
export function writeNpy(data: Float32Array, shape: readonly number[]): Uint8Array<ArrayBuffer> {
  given(isA(data, 'Float32Array'), data, 'data', 'a Float32Array');
  const header = npyHeader(shape);
  if (extent(shape) !== data.length) {
    throw new BagsslError('bad-argument', `An array of shape [${shape}] does not have ${data.length} elements.`);
  }
  const file = new Uint8Array(header.length + data.byteLength);
  file.set(header);
  file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), header.length);
  return file;
}

/**
 * The array in a .npy file, version 1.0 or 2.0: little-endian float32, float64 or integers, in C order. `data` is a view
 * on `bytes` if the elements are aligned in memory, otherwise a copy.
 * @param name names the file in errors
 * @throws BagsslError `bad-data`
 */
export function readNpy(bytes: Uint8Array, name = 'array'): NpyArray {
  givenBytes(bytes);
  const bad = (what: string) => new BagsslError('bad-data', `${name} is not a readable .npy file: ${what}.`);
  const latin1 = (from: number, to: number) =>
    Array.from(bytes.subarray(from, to), (b) => String.fromCharCode(b)).join('');
  if (latin1(0, 6) !== MAGIC) throw bad('it does not begin with "\\x93NUMPY"');
  const [major, minor] = [bytes[6], bytes[7]];
  if ((major !== 1 && major !== 2) || minor !== 0) throw bad(`its version is ${major}.${minor}; 1.0 and 2.0 are known`);
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start) throw bad(`it holds only ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, start);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (start + length > bytes.length) throw bad(`its header claims ${length} bytes, ${bytes.length - start} follow`);
  // No readable array needs more, and a dictionary this short cannot stall the expression below.
  if (length > 0xffff) throw bad(`its header is ${length} bytes long; at most 65535 are read`);
  const { descr, order, shape } = readDictionary(latin1(start, start + length)) ?? {};
  if (!descr || !order || !shape) throw bad('its header does not state descr, fortran_order and shape, once each');
  if (!Object.hasOwn(ARRAYS, descr))
    throw bad(`its elements are '${descr}'; known are ${Object.keys(ARRAYS).join(', ')}`);
  if (order === 'True') throw bad('it is in Fortran order; save numpy.ascontiguousarray(a) instead');
  const count = extent(shape);
  if (count === undefined) throw bad(`its shape is (${shape})`);
  const array = ARRAYS[descr as NpyDescr];
  const body = bytes.subarray(start + length);
  if (body.length !== count * array.BYTES_PER_ELEMENT) {
    throw bad(`(${shape}) of '${descr}' needs ${count * array.BYTES_PER_ELEMENT} bytes; ${body.length} are there`);
  }
  return { descr, shape, data: elements(array, body, 0, count) };
}

const ITEM =
  /^\s*(?:'descr':\s*'(?<descr>[^']*)'|'fortran_order':\s*(?<order>True|False)|'shape':\s*\((?<shape>[\d,\s]*)\))\s*(?:,|(?=\}))/;

/** NumPy's header is a Python dictionary; this reads its three entries, in any order. */
function readDictionary(text: string): { descr?: string; order?: string; shape?: number[] } | undefined {
  if (!text.startsWith('{')) return undefined;
  const found: { descr?: string; order?: string; shape?: number[] } = {};
  let rest = text.slice(1);
  for (let i = 0; i < 3; i++) {
    const groups = ITEM.exec(rest)?.groups;
    if (!groups) return undefined;
    if (groups.descr !== undefined) found.descr = groups.descr;
    if (groups.order !== undefined) found.order = groups.order;
    if (groups.shape !== undefined) found.shape = readTuple(groups.shape);
    rest = rest.replace(ITEM, '');
  }
  return rest.trim() === '}' ? found : undefined;
}

function readTuple(text: string): number[] | undefined {
  if (text.trim() === '') return [];
  const parts = text.split(',').map((part) => part.trim());
  // "(3,)" is a tuple of one; "(3)" would be a number in brackets.
  if (parts.at(-1) === '' && parts.length > 1) parts.pop();
  else if (parts.length === 1) return undefined;
  return parts.every((part) => /^\d+$/.test(part)) ? parts.map(Number) : undefined;
}
