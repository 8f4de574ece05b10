#!/usr/bin/env node
import { BagsslError, VERSION } from '../src/index.ts';
import { type Command, exitCode, help, readOptions, UsageError } from './command.ts';
import { doctor } from './doctor.ts';
import { duplicates } from './duplicates.ts';
import { embed } from './embed.ts';
import { evaluate } from './evaluate.ts';
import { exportModel } from './export.ts';
import { indexFolder } from './index-folder.ts';
import { inspect } from './inspect.ts';
import { inOneLine } from './quoted.ts';
import { reproduce } from './reproduce.ts';
import { similar } from './similar.ts';
import { train } from './train.ts';

const COMMANDS: Readonly<Record<string, Command>> = {
  index: indexFolder,
  similar,
  duplicates,
  train,
  embed,
  evaluate,
  export: exportModel,
  inspect,
  reproduce,
  doctor,
};

const USAGE = `bagssl ${VERSION}: image representations learnt on this device, as a bag of patch embeddings

  bagssl index FOLDER                               ${indexFolder.summary}
  bagssl similar FOLDER PHOTO                       ${similar.summary}
  bagssl duplicates FOLDER                          ${duplicates.summary}
  bagssl train    --data PATH --out DIR             ${train.summary}
  bagssl embed    --data PATH --model DIR --out F   ${embed.summary}
  bagssl evaluate --data PATH --model DIR           ${evaluate.summary}
  bagssl export   [--model DIR] --out PATH          ${exportModel.summary}
  bagssl inspect FILE                               ${inspect.summary}
  bagssl reproduce --data PATH --out DIR            ${reproduce.summary}
  bagssl doctor                                     ${doctor.summary}

FOLDER is a folder of photographs, as it is. PATH is a folder of CIFAR-10 batches, a folder of images, or "builtin". "bagssl COMMAND --help" lists a command's options.
`;

async function main(args: readonly string[]): Promise<void> {
  const [name, ...rest] = args;
  if (name === '--version' || name === '-v') {
    process.stdout.write(`${VERSION}\n`);
    return;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(USAGE);
    return;
  }
  if (name === undefined) throw new UsageError('Name a command.');
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new UsageError(`Unknown command "${name}"; there are ${Object.keys(COMMANDS).join(', ')}.`);
  const values = readOptions(command, rest);
  if (values.flag('help')) process.stdout.write(help(name, command));
  else await command.run(values);
}

try {
  await main(process.argv.slice(2));
  // Engines keep threads alive that nothing can stop, so exit once stdout has everything.
  process.stdout.write('', () => process.exit(0));
} catch (error) {
  const known = error instanceof BagsslError || error instanceof UsageError;
  const message = error instanceof Error ? error.message : String(error);
  // A line of progress may still be there.
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
  process.stderr.write(`bagssl: ${message.split('\n').map(inOneLine).join('\n')}\n`);
  if (error instanceof UsageError) process.stderr.write('Try "bagssl --help".\n');
  if (!known && process.env.BAGSSL_DEBUG) process.stderr.write(`${(error as Error)?.stack}\n`);
  process.exit(exitCode(error));
}
