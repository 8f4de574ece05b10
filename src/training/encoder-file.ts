import { BagsslError } from '../base/errors.ts';
import { sha256 } from '../base/sha256.ts';
import type { OnnxConfig } from '../model/encoders/onnx.ts';
import type { RunConfig } from './run-config.ts';

/** How a checkpoint's JSON describes an encoder's .onnx file, in place of its bytes. */
interface FileDigest {
  readonly bytes: number;
  readonly sha256: string;
}

const withModel = (config: RunConfig, encoder: OnnxConfig, model: unknown): RunConfig => ({
  ...config,
  model: { ...config.model, encoder: { ...encoder, model: model as Uint8Array } },
});

/** A run's configuration as JSON, and the .onnx file of a custom encoder, which the JSON names by digest. */
export async function withoutFile(config: RunConfig): Promise<{ config: RunConfig; encoder?: Uint8Array }> {
  const { encoder } = config.model;
  if (encoder.kind !== 'onnx') return { config };
  const digest: FileDigest = { bytes: encoder.model.length, sha256: await sha256(encoder.model) };
  return { config: withModel(config, encoder, digest), encoder: encoder.model };
}

/** The digest of the .onnx file that a JSON configuration needs; undefined if it needs none. */
export function fileDigest(config: RunConfig | undefined): string | undefined {
  const encoder = config?.model?.encoder;
  if (encoder?.kind !== 'onnx') return undefined;
  const digest: unknown = (encoder.model as unknown as FileDigest)?.sha256;
  return typeof digest === 'string' ? digest : 'no digest';
}

/** Puts the file back into the configuration. A missing or wrong file is a `bad-checkpoint` error. */
export async function withFile(config: RunConfig, file: Uint8Array | undefined, name: string): Promise<RunConfig> {
  const expected = fileDigest(config);
  if (expected === undefined) return config;
  const found = file && (await sha256(file));
  if (found === expected) return withModel(config, config.model.encoder as OnnxConfig, file);
  throw new BagsslError(
    'bad-checkpoint',
    `${name}: the encoder's .onnx file (${found ? `SHA-256 ${found.slice(0, 12)}…` : 'missing'}) is not the one the JSON names (${expected.slice(0, 12)}…). The checkpoint was changed or cut off; restore a copy, or train again.`,
  );
}
