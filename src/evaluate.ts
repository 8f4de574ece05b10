/**
 * `bagssl/evaluate`: how good a representation is, by nearest neighbours, a linear probe and retrieval, and what the method's theory
 * says.
 */
export { agreement, centred, meanRow } from './evaluation/agreement.ts';
export { type ClosedForm, closedForm, type Optimum } from './evaluation/closed-form.ts';
export { type Accuracies, type EvaluateOptions, type Evaluation, evaluate } from './evaluation/evaluate.ts';
export {
  type EvaluateRetrievalOptions,
  evaluateRetrieval,
  type RetrievalFound,
  type RetrievalRow,
} from './evaluation/evaluate-retrieval.ts';
export type { Grouped } from './evaluation/grouped.ts';
export { type GrowingBagOptions, type GrowingBags, growingBags } from './evaluation/growing-bag.ts';
export { KNN_PROTOCOLS, type KnnProtocol, knnAccuracies, type Labelled } from './evaluation/knn.ts';
export { type LinearProbeOptions, linearProbe } from './evaluation/linear-probe.ts';
export { locality } from './evaluation/locality.ts';
export type { Measure } from './evaluation/measure.ts';
export { type OriginalsFirst, originalsFirst } from './evaluation/originals-first.ts';
export { type Retrieval, type RetrievalOptions, type RetrievedQuery, retrieval } from './evaluation/retrieval.ts';
export { fitTable, type TableFit, type TableFitOptions } from './evaluation/table-fit.ts';
export type { CoOccurrence } from './objectives/co-occurrence.ts';
