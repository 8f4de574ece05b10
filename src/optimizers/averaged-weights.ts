/** What the moving average of the state tensor `name` is called. */
export const averageOf = (name: string): string => `average.${name}`;

/** The weights to evaluate and to export: each tensor's moving average where the run kept one, else the tensor itself. */
export function averagedWeights<T>(state: Readonly<Record<string, T>>): Record<string, T> {
  const own = Object.keys(state).filter((name) => !name.startsWith(averageOf('')));
  return Object.fromEntries(own.map((name) => [name, state[averageOf(name)] ?? state[name]]));
}
