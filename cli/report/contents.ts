import type { Evaluation } from '../../src/index.ts';
import type { Checkpoint } from '../../src/train.ts';
import type { Neighbours } from './neighbours.ts';
import type { SheetRow } from './patch-sheet.ts';

/** Everything the page shows, as plain values. */
export interface ReportContents {
  readonly version: string;
  readonly run: Pick<Checkpoint, 'config' | 'position' | 'history'>;
  readonly evaluation: Evaluation;
  /** Number of classes. */
  readonly classes: number;
  readonly sheet: readonly SheetRow[];
  readonly neighbours: Neighbours;
  readonly engine: { readonly device: string; readonly threads: number; readonly adapter?: string };
  readonly typed: Typed;
}

/** What --model, --data, --test, --train-images, --test-images and --patches were given. */
export interface Typed {
  readonly model: string;
  readonly data: string;
  readonly test?: string;
  readonly trainImages?: number;
  readonly testImages?: number;
  readonly patches: string;
}
