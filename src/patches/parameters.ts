import { checkOptions, JSON_OBJECT } from '../base/options.ts';
import { type DrawnFields, drawnRules, noneDrawn } from './augmentations/index.ts';
import type { OwnField } from './augmentations/own.ts';
import { type Crop, checkBox, cropRules } from './crop.ts';

/**
 * Everything that was decided for one patch, as a value of plain JSON: it can be printed, drawn on the image and replayed
 * (a job's source of kind `given`). The box is in whole image pixels. Factors of 1 (hue: 0) change nothing.
 */
export interface PatchParameters extends Crop, DrawnFields, OwnField {}

const NONE = /* @__PURE__ */ noneDrawn();

/** A patch that is cut and nothing else. */
export function plainPatch(x: number, y: number, width: number, height: number): PatchParameters {
  return { x, y, width, height, flip: false, ...NONE };
}

/**
 * Refuses parameters that no draw gives.
 * @param image its size, in pixels; the box must be inside
 * @throws BagsslError `bad-argument`
 */
export function checkPatch(p: PatchParameters, image: { width: number; height: number }, size: number): void {
  checkOptions<PatchParameters>('patch', p, { ...cropRules(), ...drawnRules(size), own: JSON_OBJECT });
  checkBox(p, image);
}
