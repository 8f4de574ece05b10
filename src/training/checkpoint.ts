import { BagsslError } from '../base/errors.ts';
import { givenParts } from '../base/options.ts';
import { isOwnPart } from '../base/own-part.ts';
import { sha256 } from '../base/sha256.ts';
import { quote } from '../base/values.ts';
import { readWeights } from '../formats/read-weights.ts';
import { writeSafetensors } from '../formats/safetensors.ts';
import type { Shape } from '../graph/graph.ts';
import type { State } from '../runtime/resident-state.ts';
import { fileDigest, withFile, withoutFile } from './encoder-file.ts';
import { withoutCode } from './own-parts.ts';
import { completeConfig, type RunConfig } from './run-config.ts';
import type { Position } from './schedule.ts';
import { upgradedConfig } from './upgraded-config.ts';

/** A run as a value: its configuration and progress. Resuming from it on the same engine continues bit for bit. */
export interface Checkpoint {
  /** What determines the run. */
  readonly config: RunConfig;
  /** How far it has come. */
  readonly position: Position;
  /** Parameters, running statistics and the optimiser's state, float32, by name. */
  readonly state: State;
  /** The shape of each tensor of the state. */
  readonly shapes: Readonly<Record<string, Shape>>;
  /** One entry per report: the loss and the other reported figures. */
  readonly history: readonly HistoryEntry[];
}

/** The measurements of one step. */
export interface HistoryEntry {
  /** Steps taken when it was reported. */
  readonly step: number;
  /** The objective's value. */
  readonly loss: number;
  /** 0 when the projections have collapsed to one point, about 1 when healthy. */
  readonly collapse: number;
  readonly [figure: string]: number;
}

/** The JSON part of a checkpoint. */
interface Header {
  readonly format: 'bagssl-run';
  readonly version: 1 | 2 | 3;
  /** Digest of the JSON without this field, written without spaces; version 1 had none. */
  readonly sha256?: string;
  readonly config: RunConfig;
  readonly position: Position;
  readonly tensors: { readonly bytes: number; readonly sha256: string };
  readonly history: readonly HistoryEntry[];
}

/** A checkpoint's parts: the JSON names the others by digest. */
export interface EncodedCheckpoint {
  /** Configuration, position, shapes and history. */
  readonly json: string;
  /** The state, as safetensors. */
  readonly tensors: Uint8Array;
  /** The .onnx file of a custom encoder. */
  readonly encoder?: Uint8Array;
}

/** A checkpoint as files: the tensors, a JSON that names them by digest, and the encoder's .onnx file if it has one. */
export async function encodeCheckpoint(checkpoint: Checkpoint): Promise<EncodedCheckpoint> {
  givenParts(checkpoint, 'A checkpoint', 'config', 'position', 'state', 'shapes', 'history');
  const { position, history, state, shapes } = checkpoint;
  const { config, encoder } = await withoutFile(await withoutCode(checkpoint.config));
  const tensors = writeSafetensors(
    Object.fromEntries(
      Object.entries(state).map(([name, data]) => [name, { dtype: 'F32' as const, shape: [...shapes[name]], data }]),
    ),
  );
  const rest = {
    format: 'bagssl-run',
    version: 3,
    config,
    position,
    tensors: { bytes: tensors.byteLength, sha256: await sha256(tensors) },
    history,
  } as const;
  const header: Header = { ...rest, sha256: await textDigest(rest) };
  return { json: `${JSON.stringify(header, null, 1)}\n`, tensors, encoder };
}

const textDigest = async (header: object) => sha256(new TextEncoder().encode(JSON.stringify(header)));

/** Reads a checkpoint from the contents of its files. A damaged file is a `bad-checkpoint` error that names the damage. */
export async function decodeCheckpoint(
  json: string,
  tensors: Uint8Array,
  name = 'checkpoint',
  encoder?: Uint8Array,
): Promise<Checkpoint> {
  const header = await readHeader(json, name);
  const digest = await sha256(tensors);
  if (tensors.byteLength !== header.tensors.bytes || digest !== header.tensors.sha256) {
    throw new BagsslError(
      'bad-checkpoint',
      `${name}: the tensors (${tensors.byteLength} bytes, SHA-256 ${digest.slice(0, 12)}…) are not the ones the JSON names (${header.tensors.bytes} bytes, ${header.tensors.sha256.slice(0, 12)}…). The checkpoint was changed or cut off; restore a copy, or train again.`,
    );
  }
  const { weights, shapes } = readWeights(tensors);
  const config = completeConfig(await withFile(header.config, encoder, name));
  // `fit` would import a URL, and run the code of whoever wrote the file.
  if (!(config.augmentations ?? []).every(isOwnPart)) throw bad(`${name} has augmentations that are not digests`);
  return {
    config,
    position: header.position,
    history: header.history,
    state: weights,
    shapes,
  };
}

/**
 * The digests by which a checkpoint's JSON names its tensors and, if it has one, its encoder's .onnx file: the first 16
 * hexadecimal digits.
 * @throws BagsslError `bad-checkpoint` if the JSON is damaged
 */
export async function namedFiles(json: string, name: string): Promise<{ tensors: string; encoder?: string }> {
  const { tensors, config } = await readHeader(json, name);
  const encoder = fileDigest(config);
  if (encoder !== undefined && !isDigest(encoder)) throw bad(`${name} names its encoder's file by "${encoder}"`);
  return { tensors: tensors.sha256.slice(0, 16), encoder: encoder?.slice(0, 16) };
}

/** Numbers only. JSON stores a number that is not finite as null. */
const isEntry = (entry: unknown) =>
  typeof entry === 'object' &&
  entry !== null &&
  Number.isFinite((entry as HistoryEntry).loss) &&
  Object.values(entry).every((figure) => typeof figure === 'number' || figure === null);

const isDigest = (text: unknown): text is string => typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);

const bad = (what: string, cause?: unknown) =>
  new BagsslError('bad-checkpoint', `${what}; restore a copy, or train again.`, { cause });

async function readHeader(json: string, name: string): Promise<Header> {
  let header: Header;
  try {
    header = JSON.parse(json);
  } catch (cause) {
    throw bad(`${name} is not valid JSON (${(cause as Error).message})`, cause);
  }
  if (header?.format !== 'bagssl-run' || ![1, 2, 3].includes(header.version)) {
    throw bad(
      `${name} is not a bagssl run of version 1 to 3 (format "${quote(header?.format)}", version ${quote(header?.version)})`,
    );
  }
  const { sha256: digest, ...rest } = header;
  if (header.version > 1 && (typeof digest !== 'string' || digest !== (await textDigest(rest).catch(() => '')))) {
    throw bad(`${name} was changed or cut off: its digest is not the one it states`);
  }
  const { tensors, position, history, config } = header;
  if (!isDigest(tensors?.sha256) || !Number.isSafeInteger(tensors.bytes)) {
    throw bad(`${name} does not name its tensors by size and digest`);
  }
  const { step, seconds } = position ?? {};
  if (!Number.isSafeInteger(step) || step < 0 || !Number.isFinite(seconds) || seconds < 0) {
    throw bad(`${name} has no valid position (step ${quote(step)}, ${quote(seconds)} seconds)`);
  }
  if (!Array.isArray(history) || !history.every(isEntry)) {
    throw bad(`${name} has no valid history of losses`);
  }
  if (typeof config !== 'object' || config === null) throw bad(`${name} has no configuration`);
  return { ...header, config: header.version < 3 ? upgradedConfig(config) : config };
}
