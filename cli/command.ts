import { parseArgs } from 'node:util';
import { BagsslError } from '../src/index.ts';

/** What an option's text must be, in words and as a question. */
export interface Rule {
  readonly asked: string;
  /** Whether the text fits. May throw a `BagsslError` of its own that says more. */
  fits(text: string): boolean;
}

/** One option of a command. Its rule is checked before the command runs; an option without a value is a switch. */
export type Option = Switch | Valued;

interface Switch {
  readonly help: string;
  readonly value?: undefined;
}

interface Valued {
  readonly help: string;
  /** One letter that means the same: "n" is -n. */
  readonly short?: string;
  /** What the help calls the value, such as PATH. */
  readonly value: string;
  readonly rule: Rule;
  readonly required?: boolean;
}

/** What a command takes without a name, such as FOLDER. */
export interface Argument {
  readonly help: string;
  /** Whether it may be left out; then all that follow may too. */
  readonly optional?: boolean;
  /** What the help calls it, such as FOLDER; `Values.text` knows it by this in lower case. */
  readonly value: string;
  readonly rule: Rule;
}

export interface Command {
  readonly summary: string;
  /** In the order they are given. */
  readonly takes?: readonly Argument[];
  readonly options: Readonly<Record<string, Option>>;
  run(values: Values): Promise<void>;
}

const read = (text: string) => (text.trim() === '' ? Number.NaN : Number(text));

export const whole = (least: number): Rule => ({
  asked: `a whole number of at least ${least}`,
  fits: (text) => Number.isSafeInteger(read(text)) && read(text) >= least,
});

export const POSITIVE: Rule = {
  asked: 'a positive number',
  fits: (text) => Number.isFinite(read(text)) && read(text) > 0,
};

export const oneOf = (choices: readonly string[]): Rule => ({
  asked: `one of ${choices.join(', ')}`,
  fits: (text) => choices.includes(text),
});

export const PATH: Rule = { asked: 'a path', fits: (text) => text !== '' };

export const NAME: Rule = { asked: 'a name', fits: (text) => text !== '' };

/** What a function of the library parses, which refuses other text with a sentence of its own. */
export const parsedBy = (parse: (text: string) => unknown): Rule => ({
  asked: '',
  fits(text) {
    parse(text);
    return true;
  },
});

/** The options that a command was given. Their rules are checked. */
export class Values {
  constructor(private readonly values: Readonly<Record<string, string | true>>) {}

  flag(name: string): boolean {
    return this.values[name] === true;
  }

  text(name: string): string | undefined {
    return this.values[name] as string | undefined;
  }

  number(name: string): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : Number(text);
  }

  /** One of these, which the option's rule allows. */
  choice<T extends string>(name: string, _choices: readonly T[]): T | undefined {
    return this.text(name) as T | undefined;
  }
}

/** The command line was used wrongly: exit 2, with a pointer to the help. */
export class UsageError extends Error {}

/** Reads a command's arguments. @throws UsageError for an unknown or missing option and for a value that its rule refuses */
export function readOptions({ options, takes = [] }: Command, args: readonly string[]): Values {
  const values = valuesOf(options, takes, args);
  if (values.help) return new Values(values);
  for (const { value, rule, optional } of takes) {
    const text = values[nameOf(value)] as string | undefined;
    if (text !== undefined) check(value, text, rule);
    else if (!optional) throw new UsageError(`${value} is missing.`);
  }
  for (const [name, option] of Object.entries(options)) {
    if (option.value === undefined) continue;
    const text = values[name] as string | undefined;
    if (text !== undefined) check(`--${name}`, text, option.rule);
    else if (option.required) throw new UsageError(`--${name} is missing: give --${name} ${option.value}.`);
  }
  return new Values(values);
}

function check(name: string, text: string, { asked, fits }: Rule): void {
  let fitting: boolean;
  try {
    fitting = fits(text);
  } catch (error) {
    if (error instanceof BagsslError) throw new UsageError(`${name}: ${error.message}`);
    throw error;
  }
  if (!fitting) throw new UsageError(`${name} must be ${asked}, got "${text}".`);
}

const nameOf = (value: string) => value.toLowerCase();

/** What was given, by name. Where an option is repeated, the last one counts. */
function valuesOf(
  options: Command['options'],
  takes: readonly Argument[],
  args: readonly string[],
): Record<string, string | true> {
  const known = Object.fromEntries(
    Object.entries(options).map(([name, option]) => {
      if (option.value === undefined) return [name, { type: 'boolean' as const }];
      return [name, { type: 'string' as const, ...(option.short && { short: option.short }) }];
    }),
  );
  // Its own errors would say neither what to give nor that -1 may be a value.
  const { tokens } = parseArgs({
    args: [...args],
    options: { ...known, help: { type: 'boolean', short: 'h' } },
    strict: false,
    tokens: true,
  });
  const values: Record<string, string | true> = {};
  let taken = 0;
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') {
      if (taken < takes.length) values[nameOf(takes[taken++].value)] = token.value;
      else if (taken > 0) throw new UsageError(`"${token.value}" is one too many after ${takes.at(-1)!.value}.`);
      else throw new UsageError(`"${token.value}" is not an option; options begin with "--".`);
      continue;
    }
    const { name, rawName, value, inlineValue } = token;
    const option: Option | undefined =
      name === 'help' ? { help: '' } : Object.hasOwn(options, name) ? options[name] : undefined;
    if (!option) throw new UsageError(`There is no option ${rawName}.`);
    if (option.value === undefined) {
      if (value !== undefined) throw new UsageError(`${rawName} takes no value, got "${value}".`);
      values[name] = true;
    } else if (value === undefined || (!inlineValue && value.startsWith('-'))) {
      if (value !== undefined && /^-\d/.test(value)) check(rawName, value, option.rule);
      const where = value === undefined ? '' : ` before "${value}"`;
      throw new UsageError(`${rawName} has no value${where}: give ${rawName} ${option.value}.`);
    } else values[name] = value;
  }
  return values;
}

/** A command's help. */
export function help(name: string, { summary, options, takes = [] }: Command): string {
  const row = (left: string, text: string) => `${`  ${left}`.padEnd(30)} ${text}`;
  const rows = takes.map(({ value, help }) => row(value, help));
  for (const [option, one] of Object.entries(options)) {
    const short = one.value && one.short ? `-${one.short}, ` : '';
    const left = `${short}--${option}${one.value ? ` ${one.value}` : ''}`;
    rows.push(row(left, `${one.help}${one.value && one.required ? ' (required)' : ''}`));
  }
  const line = ['bagssl', name, ...takes.map(({ value, optional }) => (optional ? `[${value}]` : value))].join(' ');
  return [`${line}: ${summary}`, '', ...rows, `  ${'-h, --help'.padEnd(28)} this text`, ''].join('\n');
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
