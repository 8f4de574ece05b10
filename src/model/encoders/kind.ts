import type { Rules } from '../../base/options.ts';
import type { Value } from '../../graph/graph.ts';
import type { Scope } from '../scope.ts';

/** One kind of encoder: what its configurations may be, and what they build. */
export interface EncoderKind<Config> {
  /** For messages and checkpoints; needed for a kind of your own. */
  readonly name?: string;
  /** What each of its options must be. */
  readonly rules: Rules<Omit<Config, 'kind'>>;
  /** Rejects a configuration that fits the rules but cannot be built for patches of `size` px, naming the value. */
  check?(config: Config, size: number): void;
  /** Width of the embedding. */
  width(config: Config): number;
  /** The embeddings [patches, width] of `patches` [patches, 3, size, size]. */
  build(scope: Scope, config: Config, patches: Value): Value;
}
