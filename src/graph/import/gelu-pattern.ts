import type { FileNode } from './nodes.ts';
import type { Stored } from './weights.ts';

/**
 * The nodes with Gelu for each x·½(1 + erf(x/√2)), which exporters write as five nodes up to opset 19: its gradient keeps x alone
 * of the four values that theirs keep, the largest of a transformer. What is left of the five, no output needs.
 */
export function withGelu({ nodes, tensors, weights }: Stored): readonly FileNode[] {
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const made = (name: string | undefined, type: string) => {
    const node = makers.get(name ?? '');
    return node?.type === type ? node.inputs : [];
  };
  const is = (name: string, value: number) => {
    const tensor = weights.has(name) ? undefined : tensors.get(name);
    return tensor?.data.length === 1 && Math.abs(Number(tensor.data[0]) - value) < 1e-4;
  };
  const beside = ([a, b]: readonly string[], value: number) =>
    b && is(b, value) ? a : b && is(a, value) ? b : undefined;
  return nodes.map((node) => {
    if (node.type !== 'Mul') return node;
    const factors = node.inputs.flatMap((name) => {
      const inner = made(name, 'Mul');
      return inner.length > 0 ? inner : name;
    });
    for (const sum of factors.length === 3 ? factors : []) {
      const [scaled] = made(beside(made(sum, 'Add'), 1), 'Erf');
      const [dividend, divisor] = made(scaled, 'Div');
      const x = divisor && is(divisor, Math.SQRT2) ? dividend : beside(made(scaled, 'Mul'), Math.SQRT1_2);
      const rest = factors.filter((name) => name !== sum);
      if (x && beside(rest, 0.5) === x) return { ...node, type: 'Gelu', inputs: [x], attributes: () => ({}) };
    }
    return node;
  });
}
