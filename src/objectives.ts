/** `bagssl/objectives`: what is minimised, each as what it adds to a graph of projections. */
export { type BarlowTwinsOptions, barlowTwins } from './objectives/barlow-twins.ts';
export { type ByolOptions, byol } from './objectives/byol.ts';
export { OBJECTIVES, type ObjectiveChoice } from './objectives/choice.ts';
export { type CodingRateOptions, codingRate } from './objectives/coding-rate.ts';
export { type InfoNceOptions, infoNce } from './objectives/info-nce.ts';
export type { Learner, Loss, Objective, Report, Views } from './objectives/objective.ts';
export { type SpectralOptions, spectral } from './objectives/spectral.ts';
export { type VicregOptions, vicreg } from './objectives/vicreg.ts';
