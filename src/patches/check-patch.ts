import { BagsslError } from '../base/errors.ts';
import type { PatchParameters } from './parameters.ts';

/**
 * Refuses parameters that no draw gives: nothing reaches a kernel unchecked.
 * @param image its size, in pixels; the box must lie inside
 * @throws BagsslError `bad-argument`
 */
export function checkPatch(p: PatchParameters, image: { width: number; height: number }, size: number): void {
  const inside = (at: number, length: number, room: number) =>
    Number.isInteger(at) && Number.isInteger(length) && at >= 0 && length >= 1 && at + length <= room;
  if (!inside(p.x, p.width, image.width) || !inside(p.y, p.height, image.height)) {
    throw new BagsslError(
      'bad-argument',
      `Patch ${p.width}×${p.height} at (${p.x}, ${p.y}) does not lie on whole pixels inside the ${image.width}×${image.height} image.`,
    );
  }
  limit('brightness', p.brightness, 0, 11);
  limit('contrast', p.contrast, 0, 11);
  limit('saturation', p.saturation, 0, 11);
  limit('hue', p.hue, -0.5, 0.5);
  if (p.blur) {
    const { kernel, sigma } = p.blur;
    limit('blur.sigma', sigma, 0.01, 100);
    limit('blur.kernel', kernel, 3, 2 * size - 1);
    if (kernel % 2 !== 1) refuse('blur.kernel', kernel, 'an odd whole number');
  }
  if (p.solarise !== undefined) limit('solarise', p.solarise, 0, 1);
  if (p.interpolation !== undefined && p.interpolation !== 'bicubic') {
    refuse('interpolation', p.interpolation, '"bicubic" or absent');
  }
}

function limit(what: string, value: unknown, least: number, most: number): void {
  if (typeof value === 'number' && value >= least && value <= most) return;
  refuse(what, value, `a number from ${least} to ${most}`);
}

function refuse(what: string, value: unknown, allowed: string): never {
  throw new BagsslError('bad-argument', `Patch: ${what} is ${value}; it must be ${allowed}.`);
}
