// The functions a graph is written with: each appends one node (or a few) to the graph its operands are in.
export * from './ops/arithmetic.ts';
export * from './ops/convolution.ts';
export * from './ops/layout.ts';
export * from './ops/normalization.ts';
export * from './ops/parts.ts';
export * from './ops/pooling.ts';
export * from './ops/product.ts';
export * from './ops/reduction.ts';
export * from './ops/selection.ts';
export * from './ops/unary.ts';
