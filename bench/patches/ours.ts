import { PatchPool } from '../../src/patches/pool.ts';
import { CASES, type CaseName, job, rate } from './cases.ts';

export interface Row {
  readonly engine: string;
  readonly case: string;
  readonly threads: number;
  readonly patches_per_second: number;
}

/** Copying a batch's float32 output, patch by patch: no engine can be faster. */
async function copying(name: CaseName): Promise<number> {
  const { recipe, images, views } = CASES[name];
  const floats = 3 * recipe.size ** 2;
  const from = new Float32Array(images * views * floats).fill(0.5);
  const to = new Float32Array(from.length);
  return rate(() => {
    for (let at = 0; at < from.length; at += floats) to.set(from.subarray(at, at + floats), at);
    return images * views;
  });
}

/** bagssl on one thread, then on `threads` workers, and plain copying; `platform` says where this runs. */
export async function ours(platform: string, threads: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const name of Object.keys(CASES) as CaseName[]) {
    const work = job(name);
    const add = (engine: string, count: number, patches: number) =>
      rows.push({ engine, case: name, threads: count, patches_per_second: Math.round(patches) });
    const alone = await PatchPool.create({ workers: 0 });
    const into = new Float32Array(CASES[name].images * CASES[name].views * 3 * CASES[name].recipe.size ** 2);
    add(`bagssl, ${platform}`, 1, await rate(async () => (await alone.cut(work, { into })).count));
    add(`memcpy, ${platform}`, 1, await copying(name));
    await alone.dispose();
    const pool = await PatchPool.create({ workers: threads });
    // In place: two batches for each worker, so that no worker waits.
    const places = Array.from({ length: 2 * threads }, () => new Float32Array(new SharedArrayBuffer(into.byteLength)));
    const all = async () => {
      const batches = await Promise.all(places.map((place) => pool.cut(work, { into: place })));
      return batches.reduce((sum, { count: patches }) => sum + patches, 0);
    };
    add(`bagssl, ${platform}`, threads, await rate(all));
    await pool.dispose();
  }
  return rows;
}
