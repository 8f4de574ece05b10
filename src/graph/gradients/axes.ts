import { reshape } from '../functions.ts';
import type { GradientRule, GradientRules } from '../graph.ts';

/** Axes were renamed and nothing moved: the old shape again. */
const renamed: GradientRule = ({ node, gradients: [g] }) => [reshape(g!, node.inputs[0].shape), undefined];

export const rules: GradientRules = { Reshape: renamed, Flatten: renamed, Squeeze: renamed, Unsqueeze: renamed };
