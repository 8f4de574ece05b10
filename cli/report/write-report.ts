import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ImageSet } from '../../src/data.ts';
import { type BagPlacement, PatchEncoder } from '../../src/embed.ts';
import { BagsslError, createEmbedder, type Evaluation, VERSION } from '../../src/index.ts';
import { PatchPool } from '../../src/patches.ts';
import type { Checkpoint } from '../../src/train.ts';
import type { EngineOptions } from '../shared.ts';
import type { Typed } from './contents.ts';
import { neighbours } from './neighbours.ts';
import { reportPage } from './page.ts';
import { patchSheet } from './patch-sheet.ts';

export interface ReportOptions {
  readonly file: string;
  readonly run: Checkpoint;
  readonly evaluation: Evaluation;
  readonly train: ImageSet;
  readonly test: ImageSet;
  readonly placement: BagPlacement;
  readonly typed: Typed;
  readonly engine: EngineOptions;
  readonly signal?: AbortSignal;
}

/** Refuses a path that a report cannot be written to, before minutes are spent on it; makes its folder. */
export async function checkReportFile(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory()) throw new BagsslError('bad-argument', `--report "${file}" is a folder; name a file in it.`);
  try {
    await mkdir(dirname(file), { recursive: true });
  } catch (cause) {
    const { code } = cause as { code?: string };
    throw new BagsslError('bad-argument', `--report "${file}": its folder could not be made (${code}).`, { cause });
  }
}

/** Gathers pictures and neighbours and writes the page, whole or not at all. */
export async function writeReport({ file, run, train, test, engine, ...rest }: ReportOptions): Promise<void> {
  const { evaluation, placement, typed, signal } = rest;
  const embedder = await createEmbedder({ ...engine, encoder: PatchEncoder.from(run) });
  const pool = await PatchPool.create({ workers: engine.workers ?? 2 });
  try {
    const { device, threads, adapter } = embedder.engine;
    const page = reportPage({
      version: VERSION,
      run,
      evaluation,
      classes: train.classes?.length ?? new Set(train.labels).size,
      sheet: await patchSheet(train, run.config, pool),
      neighbours: await neighbours({ train, test, embedder, pool, placement, signal }),
      engine: { device, threads, adapter },
      typed,
    });
    await writeFile(`${file}.part`, page);
    await rename(`${file}.part`, file);
  } finally {
    await embedder.dispose();
    await pool.dispose();
  }
}
