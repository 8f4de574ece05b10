import { BagsslError } from '../errors.ts';
import { writeSafetensors } from '../formats/safetensors.ts';
import { readWeights } from '../formats/weights.ts';
import type { Shape } from '../graph/graph.ts';
import type { State } from '../runtime/resident-state.ts';
import { withFile, withoutFile } from './encoder-file.ts';
import { type RunConfig, runConfig } from './run-config.ts';
import type { Position } from './schedule.ts';
import { sha256 } from './sha256.ts';

/** A run as a value: what determines it and how far it has come. Resuming from it continues bit for bit on one engine. */
export interface Checkpoint {
  readonly config: RunConfig;
  readonly position: Position;
  readonly state: State;
  readonly shapes: Readonly<Record<string, Shape>>;
  /** One entry a report: what the loss and its companions were. */
  readonly history: readonly HistoryEntry[];
}

export interface HistoryEntry {
  readonly step: number;
  readonly loss: number;
  readonly collapse: number;
  readonly [figure: string]: number;
}

/** The JSON beside the tensors. */
interface Header {
  readonly format: 'bagssl-run';
  readonly version: 1;
  readonly config: object;
  readonly position: Position;
  readonly tensors: { readonly bytes: number; readonly sha256: string };
  readonly history: readonly HistoryEntry[];
}

/** A checkpoint's parts: the JSON names the others by digest. */
export interface EncodedCheckpoint {
  readonly json: string;
  /** The state, as safetensors. */
  readonly tensors: Uint8Array;
  /** The .onnx file of an encoder of one's own. */
  readonly encoder?: Uint8Array;
}

/** A checkpoint as files: tensors, a JSON that names them by digest, and an encoder's .onnx file where it has one. */
export async function encodeCheckpoint(checkpoint: Checkpoint): Promise<EncodedCheckpoint> {
  const { position, history, state, shapes } = checkpoint;
  const { config, encoder } = await withoutFile(checkpoint.config);
  const tensors = writeSafetensors(
    Object.fromEntries(
      Object.entries(state).map(([name, data]) => [name, { dtype: 'F32' as const, shape: [...shapes[name]], data }]),
    ),
  );
  const header: Header = {
    format: 'bagssl-run',
    version: 1,
    config,
    position,
    tensors: { bytes: tensors.byteLength, sha256: await sha256(tensors) },
    history,
  };
  return { json: `${JSON.stringify(header, null, 1)}\n`, tensors, encoder };
}

/** The checkpoint in its files' contents; anything damaged is an error ('bad-checkpoint') that says which and how. */
export async function decodeCheckpoint(
  json: string,
  tensors: Uint8Array,
  name = 'checkpoint',
  encoder?: Uint8Array,
): Promise<Checkpoint> {
  const header = readHeader(json, name);
  const digest = await sha256(tensors);
  if (tensors.byteLength !== header.tensors?.bytes || digest !== header.tensors?.sha256) {
    throw new BagsslError(
      'bad-checkpoint',
      `${name}: the tensors (${tensors.byteLength} bytes, SHA-256 ${digest.slice(0, 12)}…) are not the ones the JSON names (${header.tensors?.bytes} bytes, ${header.tensors?.sha256?.slice(0, 12)}…). The checkpoint was changed or cut off; restore a copy, or train anew.`,
    );
  }
  const { weights, shapes } = readWeights(tensors);
  const config = runConfig(await withFile(header.config as RunConfig, encoder, name));
  return {
    config,
    position: header.position,
    history: header.history ?? [],
    state: weights,
    shapes,
  };
}

function readHeader(json: string, name: string): Header {
  let header: Header;
  try {
    header = JSON.parse(json);
  } catch (cause) {
    throw new BagsslError('bad-checkpoint', `${name} is not valid JSON (${(cause as Error).message}).`, { cause });
  }
  if (header?.format !== 'bagssl-run' || header.version !== 1) {
    throw new BagsslError(
      'bad-checkpoint',
      `${name} is not a bagssl run of version 1 (format "${header?.format}", version ${header?.version}).`,
    );
  }
  const { step, seconds } = header.position ?? {};
  if (!Number.isSafeInteger(step) || step < 0 || !(seconds >= 0)) {
    throw new BagsslError('bad-checkpoint', `${name} has no valid position (step ${step}, ${seconds} seconds).`);
  }
  return header;
}
