export * from 'onnxruntime-web/wasm';
/** This module's own, by which a worker can import it. */
export const address = import.meta.url;
