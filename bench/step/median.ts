export const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1];
