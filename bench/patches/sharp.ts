import sharp from 'sharp';
import { patchDrawer } from '../../src/patches/draw.ts';
import { CASES, pixels, rate } from './cases.ts';
import type { Row } from './ours.ts';

/** sharp (libvips) on one thread: extract, resize, flop, then normalise in script. */
export async function withSharp(): Promise<Row[]> {
  sharp.concurrency(1);
  const rows: Row[] = [];
  for (const name of ['plain', 'photo'] as const) {
    const { recipe, side, views } = CASES[name];
    const { size } = recipe;
    const draw = patchDrawer(recipe);
    const { data } = pixels(0, side, 'rgba');
    const out = new Float32Array(3 * size * size);
    const run = async () => {
      for (let view = 0; view < views; view++) {
        const p = draw({ seed: 1, epoch: 0, image: 0, view }, side, side);
        const bytes = await sharp(data, { raw: { width: side, height: side, channels: 4 } })
          .extract({ left: p.x, top: p.y, width: p.width, height: p.height })
          .resize(size, size, { kernel: 'linear' })
          .flop(p.flip)
          .raw()
          .toBuffer();
        for (let i = 0; i < size * size; i++) {
          for (let c = 0; c < 3; c++) out[c * size * size + i] = bytes[i * 4 + c] / 127.5 - 1;
        }
      }
      return views;
    };
    rows.push({ engine: 'sharp', case: name, threads: 1, patches_per_second: Math.round(await rate(run, 3)) });
  }
  return rows;
}
