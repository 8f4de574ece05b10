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

/** A signal that Ctrl-C aborts. A second Ctrl-C ends the process immediately, and so does the first after `end`. */
export function interruptible(): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const names = ['SIGINT', 'SIGTERM'] as const;
  const stop = (name: NodeJS.Signals) => (controller.signal.aborted ? process.exit(130) : controller.abort(name));
  for (const name of names) process.on(name, stop);
  return {
    signal: controller.signal,
    end: () => {
      for (const name of names) process.off(name, stop);
    },
  };
}

/** The signal of a command that can be interrupted to its end. */
export const interruption = (): AbortSignal => interruptible().signal;

/** The one JSON object of --json. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
