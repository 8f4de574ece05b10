/**
 * What a bag is made of: `embedding` is the encoder's output, `preFeature` the projector's first hidden layer (what
 * EMP-SSL evaluates), `projection` the projector's output.
 */
export type Feature = 'embedding' | 'preFeature' | 'projection';

/** The outputs of a network that a bag can be made of. */
export const FEATURES: readonly Feature[] = ['embedding', 'preFeature', 'projection'];
