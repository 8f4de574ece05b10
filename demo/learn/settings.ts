import { compact, type ModelConfig } from 'bagssl/encoders';
import { presets } from 'bagssl/patches';
import type { Device } from 'bagssl/runtime';
import type { RunConfig } from 'bagssl/train';
import { find } from '../common/dom.ts';
import { askedDevice } from '../common/engine.ts';

/** Fewer pictures do not show what pictures have in common. */
export const LEAST_PICTURES = 8;

/** The form's values. */
export interface Settings {
  readonly device: 'auto' | Exclude<Device, 'native'>;
  readonly config: Partial<RunConfig>;
}

/**
 * The run that the form describes, for a number of pictures. For tests and the curious, the address sets more: `?steps=20` trains
 * 20 steps instead of minutes, `?images=10` takes 10 pictures per step, `?patches=4` cuts 4 patches of each, and `?width=8` makes
 * a network of two convolutions with 8 and 16 channels.
 */
export function settings(form: HTMLFormElement, pictures: number): Settings {
  const said = new FormData(form);
  const address = new URLSearchParams(location.search);
  const number = (name: string) => (address.has(name) ? Number(address.get(name)) : undefined);
  const steps = number('steps');
  const width = number('width');
  const scale = Number(said.get('scale'));
  return {
    device: said.get('device') as Settings['device'],
    config: {
      seed: Math.floor(Math.random() * 2 ** 32),
      recipe: { ...presets.cifar16, scale: [scale, scale] },
      model: width ? tiny(width) : compact,
      images: number('images') ?? Math.min(50, pictures),
      views: number('patches') ?? 4,
      budget: steps ? { steps } : { minutes: Number(said.get('minutes')) },
    },
  };
}

/** Shows the device that the address asks for in the form. */
export function showAskedDevice(form: HTMLFormElement): void {
  find<HTMLSelectElement>('[name=device]', form).value = askedDevice();
}

const tiny = (width: number): ModelConfig => ({
  encoder: { kind: 'conv', widths: [width, 2 * width], strides: [2, 2], residual: false },
  projector: { hidden: [4 * width, 4 * width], out: 2 * width },
});
