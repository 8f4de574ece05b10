/** Builds build/demo/ from what lies in dist/. */
export function buildDemo(): Promise<void>;
