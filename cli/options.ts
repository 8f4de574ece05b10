import { type ParseArgsConfig, parseArgs } from 'node:util';
import { BagsslError } from '../src/index.ts';

/** One option of a command, as its help shows it. */
export interface Option {
  readonly type: 'string' | 'boolean';
  /** The value's name in the help, such as PATH. */
  readonly value?: string;
  readonly help: string;
  readonly required?: boolean;
}

export interface Command {
  readonly summary: string;
  readonly options: Readonly<Record<string, Option>>;
  run(options: Values): Promise<void>;
}

export class Values {
  constructor(private readonly values: Readonly<Record<string, string | boolean | undefined>>) {}

  flag(name: string): boolean {
    return this.values[name] === true;
  }

  text(name: string): string | undefined {
    return this.values[name] as string | undefined;
  }

  /** A whole number of at least `least`, or undefined where the option was not given. */
  whole(name: string, least: number): number | undefined {
    const value = this.number(name);
    if (value !== undefined && (!Number.isSafeInteger(value) || value < least)) {
      throw new UsageError(`--${name} takes a whole number of at least ${least}, got "${this.text(name)}".`);
    }
    return value;
  }

  /** One of a few words, or undefined where the option was not given. */
  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text !== undefined && !choices.includes(text as T)) {
      throw new UsageError(`--${name} takes one of ${choices.join(', ')}; got "${text}".`);
    }
    return text as T | undefined;
  }

  number(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value)) throw new UsageError(`--${name} takes a number, got "${text}".`);
    return value;
  }
}

/** The command line was used wrongly: exit 2, with a pointer to the help. */
export class UsageError extends Error {}

/** Reads a command's arguments; unknown, repeated or missing ones are a UsageError. */
export function readOptions(command: Command, args: readonly string[]): Values {
  const config: ParseArgsConfig['options'] = { help: { type: 'boolean', short: 'h' } };
  for (const [name, { type }] of Object.entries(command.options)) config[name] = { type };
  let values: Record<string, string | boolean | undefined>;
  try {
    values = parseArgs({ args: [...args], options: config, strict: true, allowPositionals: false })
      .values as typeof values;
  } catch (error) {
    throw new UsageError((error as Error).message.replace(/\. To specify.*$/s, '.'));
  }
  if (!values.help) {
    for (const [name, { required }] of Object.entries(command.options)) {
      if (required && values[name] === undefined) throw new UsageError(`--${name} is missing.`);
    }
  }
  return new Values(values);
}

/** A command's help. */
export function help(name: string, { summary, options }: Command): string {
  const rows = Object.entries(options).map(([option, { value, help: text, required }]) => {
    const left = `  --${option}${value ? ` ${value}` : ''}`;
    return `${left.padEnd(30)} ${text}${required ? ' (required)' : ''}`;
  });
  return [`bagssl ${name}: ${summary}`, '', ...rows, `  ${'-h, --help'.padEnd(28)} this text`, ''].join('\n');
}

/** An exit code for an error: 2 for wrong use, 1 for failure, 130 for an interruption. */
export function exitCode(error: unknown): number {
  if (error instanceof UsageError) return 2;
  if (error instanceof BagsslError) {
    if (error.code === 'aborted') return 130;
    return error.code === 'bad-argument' ? 2 : 1;
  }
  return 1;
}
