import { BagsslError } from '../../base/errors.ts';
import { type DType, dtypeOfCode, elements, type Shape, type TensorData } from '../graph.ts';
import { EXTERNAL, type FoundTensor } from '../onnx-proto.ts';

/** Elements with their type and extents. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: TensorData;
}

const BYTES: Record<DType, number> = { float32: 4, float16: 2, int64: 8, int32: 4, uint8: 1, bool: 1 };
/** ONNX's code for float64, which is read as float32. */
export const FLOAT64 = 11;

/** The elements of a tensor of an untrusted file. Sizes are compared with the bytes present before anything is allocated. */
export function readTensor(proto: FoundTensor, what: string): Tensor {
  const fail = (why: string) => new BagsslError('bad-model', `${what} ${why}.`);
  const double = proto.dataType === FLOAT64;
  const dtype = double ? 'float32' : dtypeOfCode(proto.dataType ?? 0);
  if (!dtype) throw fail(`has ONNX type ${proto.dataType ?? 0}, which is not supported; export float32, int64 or bool`);
  if (proto.dataLocation === EXTERNAL || proto.externalData.length > 0)
    throw fail('keeps its data in another file, which is never read; save the model as one file');
  if (proto.segment) throw fail('is cut into segments, which is not supported');
  const shape = proto.dims;
  if (shape.some((extent) => extent < 0)) throw fail(`has a negative extent in [${shape}]`);
  const count = elements(shape);
  const raw = proto.rawData;
  if (raw?.length) {
    const bytes = count * (double ? 8 : BYTES[dtype]);
    if (raw.length !== bytes) throw fail(`of shape [${shape}] holds ${raw.length} bytes, not ${bytes}`);
    return { dtype, shape, data: double ? Float32Array.from(new Float64Array(copied(raw))) : ofBytes(dtype, raw) };
  }
  const listed = double ? proto.doubleData : listOf(proto, dtype);
  if (listed.length !== count) throw fail(`of shape [${shape}] holds ${listed.length} elements, not ${count}`);
  return { dtype, shape, data: ofList(dtype, listed) };
}

/** A Node Buffer's slice() is a view of a larger buffer, not a copy. */
const copied = (bytes: Uint8Array) => new Uint8Array(bytes).buffer;

function ofBytes(dtype: DType, bytes: Uint8Array): TensorData {
  const copy = copied(bytes);
  if (dtype === 'float32') return new Float32Array(copy);
  if (dtype === 'int64') return new BigInt64Array(copy);
  if (dtype === 'int32') return new Int32Array(copy);
  if (dtype === 'float16') return new Uint16Array(copy);
  return new Uint8Array(copy);
}

function listOf(proto: FoundTensor, dtype: DType): readonly number[] {
  if (dtype === 'float32') return proto.floatData;
  return dtype === 'int64' ? proto.int64Data : proto.int32Data;
}

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
