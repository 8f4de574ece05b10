// Types of what bench/package.json installs, as far as the benchmark uses it, so that type checks pass without an install.
declare module 'pica' {
  export default function pica(options?: object): {
    resizeBuffer(options: {
      src: Uint8Array;
      width: number;
      height: number;
      toWidth: number;
      toHeight: number;
      filter?: string;
    }): Promise<Uint8Array>;
  };
}
declare module '@tensorflow/tfjs-core' {
  interface Tensor {
    data(): Promise<Float32Array>;
    dispose(): void;
  }
  export function setBackend(name: string): Promise<boolean>;
  export function tensor4d(v: Float32Array, shape: number[]): Tensor;
  export function tensor2d(v: Float32Array, shape: number[]): Tensor;
  export function tensor1d(v: Int32Array, dtype: 'int32'): Tensor;
  export function sub(a: Tensor, b: number): Tensor;
  export function div(a: Tensor, b: number): Tensor;
  export function tidy<T>(run: () => T): T;
  export const image: {
    cropAndResize(image: Tensor, boxes: Tensor, index: Tensor, size: [number, number], method: 'bilinear'): Tensor;
  };
}
declare module '@tensorflow/tfjs-backend-wasm' {
  export function setWasmPaths(folder: string): void;
}
