import type { Html } from '../report/html.ts';
import type { Table } from './table.ts';

/** The claims of the paper, by name; `authors` is the authors' own recipe, for an accelerator. */
export const CLAIMS = ['C1', 'C2', 'C4', 'C5', 'C6', 'C7', 'authors'] as const;
export type Claim = (typeof CLAIMS)[number];

/** Computed from the numbers, and printed whether or not the claim holds. */
export interface Verdict {
  readonly claim: Claim;
  readonly statement: string;
  readonly verdict: 'reproduced' | 'in part' | 'not reproduced' | 'not run';
  readonly why: string;
}

export interface Figure {
  /** The name of its file, if it is a drawing; pictures with pixels stay in the page. */
  readonly id: string;
  readonly caption: string;
  readonly body: Html;
  readonly file: boolean;
}

/** The result of one experiment. */
export interface Findings {
  readonly verdicts: readonly Verdict[];
  readonly tables: readonly Table[];
  readonly figures: readonly Figure[];
}

export interface Spread {
  readonly mean: number;
  /** Sample standard deviation; undefined for one value. */
  readonly deviation: number | undefined;
}

export function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return { mean, deviation: undefined };
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(square / (values.length - 1)) };
}

export const points = (share: number): string => `${(100 * share).toFixed(1)} %`;

export const withSpread = ({ mean, deviation }: Spread): string =>
  `${(100 * mean).toFixed(1)}${deviation === undefined ? '' : ` ± ${(100 * deviation).toFixed(1)}`} %`;
