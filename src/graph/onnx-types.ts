import type { DType } from './graph.ts';

/** TensorProto.DataType of onnx.proto. */
export const DTYPE_CODES: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
};

/** The type of a code, undefined for those a graph does not hold (strings, complex numbers, …). */
export function dtypeOfCode(code: number): DType | undefined {
  return (Object.keys(DTYPE_CODES) as DType[]).find((name) => DTYPE_CODES[name] === code);
}
