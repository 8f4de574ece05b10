import { given } from '../given.ts';
import type { Graph, Value } from './graph.ts';

/** The graph a value lives in. @throws BagsslError `bad-argument` for what is no value, such as a plain number */
export function graphOf(value: Value): Graph {
  given(
    value?.graph !== undefined,
    value,
    'An operand',
    'a value of a graph; graph.scalar(number) makes one of a number',
  );
  return value.graph;
}
