import type { Graph, Value } from '../graph.ts';
import type { FileAttribute } from './parse.ts';

/** A node to be translated: its operands, undefined where left out, in the file's opset. */
export interface Operation {
  readonly type: string;
  readonly graph: Graph;
  readonly opset: number;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Readonly<Record<string, FileAttribute>>;
  /** How many outputs the node has in the file. */
  readonly outputs: number;
}
