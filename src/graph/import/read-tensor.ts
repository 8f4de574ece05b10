import { BagsslError } from '../../base/errors.ts';
import { fromBfloat16, fromHalf } from '../../base/half.ts';
import { EXTERNAL, type FoundTensor } from '../file-proto.ts';
import { type DType, elements, type Shape, type TensorData } from '../graph.ts';

/** Elements with their type and extents. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: TensorData;
}

/** ONNX's codes for types that a graph does not hold, or not always. */
export const [FLOAT16, FLOAT64] = [10, 11];

/** How many bytes an element has, how they are read, and the type that it has in a graph. */
interface Stored {
  readonly bytes: number;
  readonly dtype: DType;
  read(bytes: ArrayBuffer): TensorData;
  /** The list that may hold the elements instead of bytes. */
  readonly list: 'floatData' | 'int32Data' | 'int64Data' | 'doubleData' | 'uint64Data';
}

const stored = (bytes: number, dtype: DType, list: Stored['list'], read: Stored['read']): Stored => ({
  bytes,
  dtype,
  list,
  read,
});

/** The narrow integers of quantised files are read as int32, float64 and bfloat16 as float32. */
const STORED: Readonly<Record<number, Stored>> = {
  1: stored(4, 'float32', 'floatData', (b) => new Float32Array(b)),
  2: stored(1, 'uint8', 'int32Data', (b) => new Uint8Array(b)),
  3: stored(1, 'int32', 'int32Data', (b) => Int32Array.from(new Int8Array(b))),
  4: stored(2, 'int32', 'int32Data', (b) => Int32Array.from(new Uint16Array(b))),
  5: stored(2, 'int32', 'int32Data', (b) => Int32Array.from(new Int16Array(b))),
  6: stored(4, 'int32', 'int32Data', (b) => new Int32Array(b)),
  7: stored(8, 'int64', 'int64Data', (b) => new BigInt64Array(b)),
  9: stored(1, 'bool', 'int32Data', (b) => new Uint8Array(b)),
  [FLOAT16]: stored(2, 'float16', 'int32Data', (b) => new Uint16Array(b)),
  [FLOAT64]: stored(8, 'float32', 'doubleData', (b) => Float32Array.from(new Float64Array(b))),
  12: stored(4, 'int64', 'uint64Data', (b) => BigInt64Array.from(new Uint32Array(b), BigInt)),
  13: stored(8, 'int64', 'uint64Data', (b) => new BigInt64Array(b)),
  16: stored(2, 'float32', 'int32Data', (b) => fromBfloat16(new Uint16Array(b))),
};

/**
 * The elements of a tensor of an untrusted file. Sizes are compared with the bytes present before anything is allocated.
 * @param widened read float16 as float32
 */
export function readTensor(proto: FoundTensor, what: string, widened = false): Tensor {
  const fail = (why: string) => new BagsslError('bad-model', `${what} ${why}.`);
  const { dataType: code = 0 } = proto;
  const kind = STORED[code];
  if (!kind) throw fail(`has ONNX type ${code}, which is not supported; export float32, int64 or bool`);
  if (proto.dataLocation === EXTERNAL || proto.externalData.length > 0) {
    const file = proto.externalData.find(({ key }) => key === 'location')?.value ?? '';
    throw fail(`keeps its data in another file, "${file}", which was not given: withExternalData puts it in`);
  }
  if (proto.segment) throw fail('is cut into segments, which is not supported');
  const shape = proto.dims;
  if (shape.some((extent) => extent < 0)) throw fail(`has a negative extent in [${shape}]`);
  const count = elements(shape);
  const raw = proto.rawData;
  if (raw?.length) {
    const bytes = count * kind.bytes;
    if (raw.length !== bytes) throw fail(`of shape [${shape}] holds ${raw.length} bytes, not ${bytes}`);
    // A Node Buffer's slice() is a view of a larger buffer, not a copy.
    return wide({ dtype: kind.dtype, shape, data: kind.read(new Uint8Array(raw).buffer) }, widened);
  }
  const listed = proto[kind.list];
  if (listed.length !== count) throw fail(`of shape [${shape}] holds ${listed.length} elements, not ${count}`);
  const data = code === 16 ? fromBfloat16(Uint16Array.from(listed)) : ofList(kind.dtype, listed);
  return wide({ dtype: kind.dtype, shape, data }, widened);
}

const wide = (tensor: Tensor, widened: boolean): Tensor =>
  widened && tensor.dtype === 'float16'
    ? { ...tensor, dtype: 'float32', data: fromHalf(tensor.data as Uint16Array) }
    : tensor;

/** Numbers as a tensor's elements; int64 saturates at ±2⁵³, which acts as infinity for axes and extents. */
export function ofList(dtype: DType, values: readonly (number | bigint)[]): TensorData {
  if (dtype === 'float32') return Float32Array.from(values, Number);
  if (dtype === 'int64') return BigInt64Array.from(values, whole);
  if (dtype === 'int32') return Int32Array.from(values, Number);
  if (dtype === 'float16') return Uint16Array.from(values, Number);
  return Uint8Array.from(values, Number);
}

const whole = (value: number | bigint): bigint => {
  if (typeof value === 'bigint') return value;
  const limit = Number.MAX_SAFE_INTEGER;
  return BigInt(Math.max(-limit, Math.min(limit, Math.trunc(value) || 0)));
};
