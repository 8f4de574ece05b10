export * from 'onnxruntime-web/jspi';
/** This module's own, by which a worker can import it. */
export const address = import.meta.url;
