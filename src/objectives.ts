/** `bagssl/objectives`: what training minimises, each as what it adds to a graph of projections. */
export * from './objectives/choice.ts';
export type { Learner, Loss, Objective, Report, Views } from './objectives/objective.ts';
