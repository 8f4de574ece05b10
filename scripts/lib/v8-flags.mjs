/**
 * For tests: hundreds of processes and pages load ONNX Runtime's WebAssembly and use it for a moment. V8 then spends more on optimising its
 * functions than on running them, so it waits until one has run longer.
 */
export const LATE_TIERING = '--wasm-tiering-budget=20000000';
