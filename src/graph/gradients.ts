import { BagsslError } from '../base/errors.ts';
import { add, sum } from './functions.ts';
import { RULES } from './gradients/index.ts';
import { elements, type Graph, graphOf, type Segment, type Value } from './graph.ts';

/**
 * Reverse-mode differentiation. Appends to the loss's graph the nodes that compute ∂loss/∂v for each v of `wrt`, and
 * returns those values. The loss must be a scalar. A value that the loss does not depend on gets zeros of its shape.
 */
export function gradients(loss: Value, wrt: readonly Value[]): Value[] {
  const graph = graphOf(loss);
  if (loss.shape.length > 0) {
    throw new BagsslError(
      'shape-mismatch',
      `Only a scalar can be differentiated, but "${loss.name}" is [${loss.shape}].`,
    );
  }
  const nodes = graph.nodes.slice();
  const segmentEndingAt = outermostSegments(graph.segments);
  const dependent = dependents(nodes, wrt, segmentEndingAt);

  const pending = new Map<Value, Value[]>([[loss, [graph.scalar(1, loss.dtype)]]]);
  /** ∂loss/∂value, summed over every use of the value; complete once the walk has passed all of them. */
  const collect = (value: Value): Value | undefined => {
    const parts = pending.get(value);
    if (!parts) return undefined;
    const total = parts.length === 1 ? parts[0] : parts.length === 2 ? add(parts[0], parts[1]) : sum(parts);
    pending.set(value, [total]);
    return total;
  };
  const deliver = (inputs: readonly Value[], parts: readonly (Value | undefined)[]) => {
    inputs.forEach((input, k) => {
      const part = parts[k];
      if (!part || !dependent.has(input)) return;
      const known = pending.get(input);
      if (known) known.push(part);
      else pending.set(input, [part]);
    });
  };

  for (let i = nodes.length - 1; i >= 0; i--) {
    const segment = segmentEndingAt.get(i + 1);
    if (segment) {
      i = segment.start;
      if (!segment.outputs.some((output) => dependent.has(output))) continue;
      const given = segment.outputs.map(collect);
      if (given.some(Boolean)) deliver(segment.inputs, segment.backward(given));
      continue;
    }
    const node = nodes[i];
    if (!node.outputs.some((output) => dependent.has(output))) continue;
    const given = node.outputs.map(collect);
    if (!given.some(Boolean)) continue;
    const rule = RULES.get(node.operator.type);
    if (!rule) {
      throw new BagsslError(
        'unsupported-operator',
        `${node.origin ?? `${node.operator.type} (output "${node.outputs[0].name}")`} has no gradient rule (src/graph/gradients/); keep it off the path to the loss, or add its rule.`,
      );
    }
    const wanted = node.inputs.map((input) => dependent.has(input));
    const derive = () => rule({ node, gradients: given, wanted });
    deliver(node.inputs, node.origin ? graph.from(node.origin, derive) : derive());
  }
  return wrt.map(
    (value) => collect(value) ?? graph.floats(new Float32Array(elements(value.shape)), value.shape, value.dtype),
  );
}

function outermostSegments(segments: readonly Segment[]): Map<number, Segment> {
  const byEnd = new Map<number, Segment>();
  for (const segment of segments) {
    const known = byEnd.get(segment.end);
    if (segment.end > segment.start && (!known || segment.start < known.start)) byEnd.set(segment.end, segment);
  }
  return byEnd;
}

/** All values through which `wrt` reaches the end of the graph. Nodes inside a segment do not count, only its inputs and outputs. */
function dependents(nodes: Graph['nodes'], wrt: readonly Value[], segmentEndingAt: Map<number, Segment>): Set<Value> {
  const reached = new Set<Value>(wrt);
  const follow = ({ inputs, outputs }: Pick<Segment, 'inputs' | 'outputs'>) => {
    if (inputs.some((input) => reached.has(input))) for (const output of outputs) reached.add(output);
  };
  const inside = new Set([...segmentEndingAt.values()].flatMap(({ start, end }) => nodes.slice(start, end)));
  nodes.forEach((node, i) => {
    if (!inside.has(node)) follow(node);
    const segment = segmentEndingAt.get(i + 1);
    if (segment) follow(segment);
  });
  return reached;
}
