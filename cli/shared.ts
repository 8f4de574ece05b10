import { DEVICE_CHOICES, type DeviceChoice } from '../src/runtime.ts';
import { type Command, type Option, oneOf, PATH, type Values, whole } from './command.ts';
import type { Progress } from './progress.ts';

/** Options of every command that computes. */
export const ENGINE_OPTIONS = {
  device: { value: 'D', rule: oneOf(DEVICE_CHOICES), help: `${DEVICE_CHOICES.join(', ')}; default auto` },
  threads: { value: 'N', rule: whole(1), help: 'CPU threads; default all processors, at most 4' },
  workers: { value: 'N', rule: whole(0), help: 'workers that cut patches; default 2' },
} satisfies Command['options'];

export const DATA_OPTION: Option = {
  value: 'PATH',
  rule: PATH,
  required: true,
  help: 'a CIFAR-10 folder, a folder of images, or "builtin"',
};

export const JSON_OPTION: Option = { help: 'print exactly one JSON object on stdout' };

export interface EngineOptions {
  readonly device: DeviceChoice;
  readonly threads?: number;
  readonly workers?: number;
  readonly onWarning: (message: string) => void;
}

export function engineOptions(values: Values, progress: Progress): EngineOptions {
  return {
    device: values.choice('device', DEVICE_CHOICES) ?? 'auto',
    threads: values.number('threads'),
    workers: values.number('workers'),
    onWarning: (message) => progress.say(`Note: ${message}`),
  };
}

/** A signal that Ctrl-C aborts. A second Ctrl-C ends the process immediately. */
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
