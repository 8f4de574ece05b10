import { type Forms, PLAIN } from '../src/graph/lowering/forms.ts';

/** In place of the measurement of an adapter's forms, in a worker, whose script is held to a size: the forms with the fewest kernels. */
export const measureForms = (): Promise<Forms> => Promise.resolve({ ...PLAIN, sum: 'adds' });
