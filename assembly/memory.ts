/**
 * The host lays out the memory: the kernels allocate nothing and keep nothing. Everything from `heapBase()` on is the
 * host's to divide.
 */
export function heapBase(): usize {
  return (__heap_base + 15) & ~15;
}
