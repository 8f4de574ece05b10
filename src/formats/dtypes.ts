/** The arrays that hold tensors. Not every platform has a Float16Array, so half floats are bits in a Uint16Array. */
export type TensorData =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

type TensorArray = {
  readonly BYTES_PER_ELEMENT: number;
  readonly name: string;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TensorData;
};

/** The element types of safetensors that JavaScript can hold, and the array of each. */
export const DTYPES = {
  BOOL: Uint8Array,
  U8: Uint8Array,
  I8: Int8Array,
  U16: Uint16Array,
  I16: Int16Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  U32: Uint32Array,
  I32: Int32Array,
  F32: Float32Array,
  F64: Float64Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
} as const satisfies Record<string, TensorArray>;

export type Dtype = keyof typeof DTYPES;

export const isDtype = (name: unknown): name is Dtype => typeof name === 'string' && Object.hasOwn(DTYPES, name);

/**
 * `length` elements of `bytes` from `offset`: a view if the elements are aligned in memory, otherwise a copy.
 * The caller has checked the bounds.
 */
export function elements(array: TensorArray, bytes: Uint8Array, offset: number, length: number): TensorData {
  const start = bytes.byteOffset + offset;
  const size = array.BYTES_PER_ELEMENT;
  if (start % size === 0) return new array(bytes.buffer, start, length);
  return new array(bytes.slice(offset, offset + length * size).buffer, 0, length);
}

/** The number of elements of a shape; undefined unless it is a list of whole numbers from 0 whose product is below 2^53. */
export function extent(shape: unknown): number | undefined {
  if (!Array.isArray(shape)) return undefined;
  // A zero anywhere makes the product zero, so it must not hide an overflow before it.
  let product = 1;
  for (const n of shape) {
    if (!Number.isSafeInteger(n) || n < 0) return undefined;
    product *= n || 1;
    if (!Number.isSafeInteger(product)) return undefined;
  }
  return shape.includes(0) ? 0 : product;
}
