import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

/** The command line, the same as that of the Python programs. */
export function options() {
  const number = (value) => ({ type: 'string', default: String(value) });
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { workers: number(availableParallelism()), deno: number(0), job: number(256), batch: number(64) },
  });
  const [photos, model, out] = positionals;
  if (!out) throw new Error('Give a folder of photos, an exported embedder (.onnx), and a folder for the shards.');
  const numbers = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));
  return { photos, model, out, ...numbers };
}
