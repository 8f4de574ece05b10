import { sha256 } from '../base/sha256.ts';
import { type BagPlacement, checkBagPlacement } from '../encoder/bag-placement.ts';
import type { InputPlan } from './input-plan.ts';
import type { OutputPlan } from './output-plan.ts';

/** Share of an image's area that a patch of such an encoder covers unless a placement has `scales`. */
export const ONNX_SCALE = 0.25;

/** What an `OnnxEncoder` is made of. */
export interface OnnxParts {
  /** Names it in messages. */
  readonly name: string;
  /** The .onnx file. */
  readonly model: Uint8Array;
  /** The files that hold its weights, by the names the model calls them. */
  readonly data: ReadonlyMap<string, Uint8Array>;
  /** How an image becomes its input. */
  readonly input: InputPlan;
  /** Which of its values is the vector. */
  readonly output: OutputPlan;
  /** Where a bag's patches lie unless a call says otherwise. */
  readonly placement: BagPlacement;
  /** What was assumed or chosen where neither the caller nor a file says it: sentences that say how to set it. */
  readonly notes: readonly string[];
  /** Nothing says the input's size. */
  readonly sizeAssumed: boolean;
}

/**
 * An .onnx file that ONNX Runtime runs as it is, whatever its operators: it embeds and cannot be trained. `createEmbedder` makes
 * one of a file's path, URL or bytes. It never changes.
 */
export class OnnxEncoder implements OnnxParts {
  /** Names it in messages. */
  readonly name: string;
  /** The .onnx file. */
  readonly model: Uint8Array;
  /** The files that hold its weights, by the names the model calls them. */
  readonly data: ReadonlyMap<string, Uint8Array>;
  /** How an image becomes its input. */
  readonly input: InputPlan;
  /** Which of its values is the vector. */
  readonly output: OutputPlan;
  /** Where a bag's patches lie unless a call says otherwise; at first the whole image. */
  readonly placement: BagPlacement;
  /** What was assumed or chosen where neither the caller nor a file says it: sentences that say how to set it. */
  readonly notes: readonly string[];
  /** Nothing says the input's size. */
  readonly sizeAssumed: boolean;

  /** For `createEmbedder`. @throws BagsslError `bad-argument` for a placement that cannot be */
  constructor({ name, model, data, input, output, placement, notes, sizeAssumed }: OnnxParts) {
    this.name = name;
    this.model = model;
    this.data = data;
    this.input = input;
    this.output = output;
    this.placement = checkBagPlacement(placement);
    this.notes = notes;
    this.sizeAssumed = sizeAssumed;
  }

  /** The same encoder with another placement. */
  with({ placement }: { readonly placement: BagPlacement }): OnnxEncoder {
    return new OnnxEncoder({ ...this, placement });
  }

  /** One line that says what goes in and what comes out. */
  describe(): string {
    const { type, rows, columns, channels, layout, range, mean, std, fit, crop } = this.input;
    const shown = (values: readonly number[]) => values.map((value) => Number(value.toPrecision(4))).join(', ');
    const isPlain = mean.every((value) => value === 0) && std.every((value) => value === 1);
    const values = isPlain ? `0 to ${range}` : `0 to ${range}, mean ${shown(mean)}, std ${shown(std)}`;
    const share = crop === 1 ? '' : ` to ${Number(crop.toPrecision(4))}`;
    const part = fit === 'crop' ? `cropped${share}` : share ? `stretched, cropped${share}` : 'stretched';
    return `"${this.name}" runs as it is: ${channels} ${rows}×${columns} (${layout}, ${type}, ${values}; ${part}) to "${this.output.name}".`;
  }

  /** The least shorter side of an image, px, that has the pixels this placement shows the encoder. */
  shortSide(placement: BagPlacement): number {
    const { rows, columns, crop } = this.input;
    const side = Math.max(rows, columns);
    if (placement.kind === 'whole') return Math.ceil((2 * side) / crop);
    const least = Math.min(...(placement.scales ?? [ONNX_SCALE]));
    return Math.ceil(side / Math.sqrt(least));
  }

  /** SHA-256 of everything that decides a vector, in hexadecimal. Two encoders with one digest give the same vectors. */
  async digest(): Promise<string> {
    const { input, output, placement } = this;
    const files = [await sha256(this.model)];
    for (const [name, bytes] of this.data) files.push(name, await sha256(bytes));
    return sha256(new TextEncoder().encode(JSON.stringify([files, input, output, placement])));
  }
}
