import { encoders } from '../model/encoders/index.ts';
import { projectors } from '../model/projector.ts';
import { presets } from '../patches/presets.ts';
import type { RunConfig } from './run-config.ts';

/** Complete published recipes, by name; add a budget. */
export const runPresets = {
  /** EMP-SSL (tsb0601/EMP-SSL) with 20 patches: ResNet-18, 100 images a step, LARS, a cosine by step without warm-up. */
  empSsl: {
    recipe: presets.empSsl,
    model: { encoder: encoders.resnet18, projector: projectors.empSsl },
    objective: { kind: 'coding-rate', epsilon2: 0.2, similarity: 200 },
    optimizer: { kind: 'lars', trust: 0.005, momentum: 0.9, nesterov: true, weightDecay: 1e-4 },
    rate: 0.3,
    warmup: 0,
    images: 100,
    views: 20,
  },
} as const satisfies Record<string, Partial<RunConfig>>;
