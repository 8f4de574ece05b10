import type { ImageSet } from '../src/data.ts';
import { checkDevice, type DeviceChoice } from '../src/runtime.ts';
import type { Option, Values } from './options.ts';
import type { Progress } from './progress.ts';

/** Options of every command that computes. */
export const ENGINE_OPTIONS: Readonly<Record<string, Option>> = {
  device: { type: 'string', value: 'D', help: 'auto, webgpu, wasm or native; default auto' },
  threads: { type: 'string', value: 'N', help: 'CPU threads; default: all processors, at most 4' },
  workers: { type: 'string', value: 'N', help: 'workers that cut patches; default 2' },
};

export const JSON_OPTION: Option = { type: 'boolean', help: 'print exactly one JSON object on stdout' };

export interface EngineOptions {
  readonly device: DeviceChoice;
  readonly threads?: number;
  readonly workers?: number;
  readonly onWarning: (message: string) => void;
}

export function engineOptions(values: Values, progress: Progress): EngineOptions {
  return {
    device: checkDevice(values.text('device') ?? 'auto'),
    threads: values.whole('threads', 1),
    workers: values.whole('workers', 0),
    onWarning: (message) => progress.say(`Note: ${message}`),
  };
}

/** Says which images were left out, and why. */
export function saySkipped({ skipped = [], name }: ImageSet, progress: Progress): void {
  if (skipped.length === 0) return;
  progress.say(`Skipped ${skipped.length} unreadable ${skipped.length === 1 ? 'file' : 'files'} in ${name}:`);
  for (const { file, reason } of skipped.slice(0, 10)) progress.say(`  ${file}: ${reason}`);
  if (skipped.length > 10) progress.say(`  … and ${skipped.length - 10} more.`);
}

/** A signal that Ctrl-C aborts; a second Ctrl-C ends the process at once. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      controller.abort(name);
      process.once(name, () => process.exit(130));
    });
  }
  return controller.signal;
}

/** The one JSON object of --json. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
