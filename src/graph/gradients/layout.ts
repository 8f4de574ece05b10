import { reshape, transpose, unbroadcast } from '../functions.ts';
import type { GradientRule, GradientRules } from '../graph.ts';

/** No element moved, so the gradient only needs the old shape. */
const renamed: GradientRule = ({ node, gradients: [g] }) => [reshape(g!, node.inputs[0].shape), undefined];

export const rules: GradientRules = {
  Reshape: renamed,
  Flatten: renamed,
  Squeeze: renamed,
  Unsqueeze: renamed,
  Identity: ({ gradients: [g] }) => [g],
  Expand: ({ node, gradients: [g] }) => [unbroadcast(g!, node.inputs[0]), undefined],

  Transpose({ node, gradients: [g] }) {
    const rank = node.inputs[0].shape.length;
    const order =
      (node.attributes.perm as readonly number[] | undefined) ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
    return [
      transpose(
        g!,
        order.map((_, axis) => order.indexOf(axis)),
      ),
    ];
  },
};
