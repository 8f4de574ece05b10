import { isObject, type Json, type Preprocessing } from './config-values.ts';
import type { OnnxInput } from './onnx-options.ts';
import { ofImageProcessor } from './preprocessor-config.ts';
import { ofOpenClip, ofTimm } from './timm-config.ts';

interface Reader {
  /** The part of the file's JSON that says it. */
  readonly part: (json: Json) => unknown;
  readonly read: (part: Json, from: string, notes: string[]) => OnnxInput;
  readonly beforeExport?: true;
}

/** The files beside a model that say how images are prepared, in the order in which they are looked for. */
const READERS: Readonly<Record<string, Reader>> = {
  'preprocessor_config.json': { part: (json) => json, read: ofImageProcessor },
  /** Since transformers 5 */
  'processor_config.json': {
    part: ({ image_processor, feature_extractor }) => image_processor ?? feature_extractor,
    read: ofImageProcessor,
  },
  'preprocess_cfg.json': { part: (json) => json, read: ofOpenClip },
  'config.json': { part: ({ pretrained_cfg }) => pretrained_cfg, read: ofTimm, beforeExport: true },
};

export const CONFIG_FILES: readonly string[] = Object.keys(READERS);

/** What such a file says; undefined for text that is none, or says nothing of it. */
export function readConfig(file: string, text: string): Preprocessing | undefined {
  const { part, read, beforeExport } = READERS[file];
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const config = isObject(json) ? part(json) : undefined;
  if (!isObject(config)) return undefined;
  const notes: string[] = [];
  const input = read(config, file, notes);
  if (Object.keys(input).length === 0) return undefined;
  return { from: file, input, notes, ...(beforeExport && { beforeExport }) };
}
