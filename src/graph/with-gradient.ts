import { identity } from './functions.ts';
import { type Graph, graphOf, type Value } from './graph.ts';

/**
 * Runs `forward` and takes its gradient from `backward` instead of from the nodes inside: given ∂L/∂output for each
 * output, `backward` returns ∂L/∂input for each input. For gradients that take fewer passes over memory when written by hand.
 */
export function withGradient<T extends readonly Value[]>(
  graph: Graph,
  inputs: readonly Value[],
  forward: () => T,
  backward: (gradients: readonly (Value | undefined)[]) => readonly (Value | undefined)[],
): T {
  const start = graph.nodes.length;
  const outputs = forward();
  graph.segments.push({ start, end: graph.nodes.length, inputs, outputs, backward });
  return outputs;
}

/** The same value, which the gradient treats as a constant. */
export function stopGradient(x: Value): Value {
  return withGradient(
    graphOf(x),
    [],
    () => [identity(x)],
    () => [],
  )[0];
}
