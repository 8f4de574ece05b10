import type { OwnEncoder } from '../model/encoder.ts';
import type { Objective } from '../objectives/objective.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import type { RunConfig } from './run-config.ts';

/**
 * Custom objectives, optimizers, encoders and augmentations. A checkpoint cannot hold their code. It holds their name and a digest
 * of what they write into a small graph (augmentations: do to a tile), to check that a resumed run gets the same ones again.
 */
export type OwnCode =
  | { readonly where: 'objective'; readonly value: Objective }
  | { readonly where: 'optimizer'; readonly value: Optimizer }
  | { readonly where: 'model.encoder'; readonly value: OwnEncoder };

/** The parts of a configuration that are code and write into a graph. */
export function ownCode({ objective, optimizer, model }: RunConfig): OwnCode[] {
  const { encoder } = model;
  return [
    ...('build' in objective ? [{ where: 'objective', value: objective } as const] : []),
    ...('update' in optimizer ? [{ where: 'optimizer', value: optimizer } as const] : []),
    ...(typeof encoder.kind === 'object' ? [{ where: 'model.encoder', value: encoder as OwnEncoder } as const] : []),
  ];
}
