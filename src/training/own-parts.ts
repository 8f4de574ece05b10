import { BagsslError } from '../base/errors.ts';
import { isOwnPart, missingPart, type OwnPart } from '../base/own-part.ts';
import { sha256 } from '../base/sha256.ts';
import type { Value } from '../graph/graph.ts';
import type { Outputs } from '../graph/needed.ts';
import { createGraph } from '../graph/ops/index.ts';
import { writeOnnx } from '../graph/write-onnx.ts';
import { encode } from '../model/encoder.ts';
import { Scope } from '../model/scope.ts';
import type { Objective } from '../objectives/objective.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import { augmentationParts } from '../patches/augmentations/augmentation-digest.ts';
import type { AugmentationSource } from '../patches/augmentations/load-own.ts';
import { type OwnCode, ownCode } from './own-code.ts';
import type { RunConfig } from './run-config.ts';

/** A configuration as JSON, with the name and digest of each part that is code. */
export async function withoutCode(config: RunConfig): Promise<RunConfig> {
  let plain = config;
  for (const code of ownCode(config)) plain = replaced(plain, code.where, await partOf(code, config.recipe.size));
  const { augmentations, recipe } = config;
  if (!augmentations || augmentations.every(isOwnPart)) return plain;
  return { ...plain, augmentations: await augmentationParts(augmentations as AugmentationSource[], recipe) };
}

/**
 * @throws BagsslError `bad-checkpoint` if the code of a resumed run is not the code that its checkpoint was trained with;
 * `bad-argument` if an augmentation is missing
 */
export async function checkSameCode(before: RunConfig, now: RunConfig): Promise<void> {
  // With the recipe of the checkpoint: a new one may ask the same augmentation for something else.
  const [old, given] = [await withoutCode(before), await withoutCode({ ...now, recipe: before.recipe })];
  const hold = (where: string, a: unknown, b: unknown) => {
    if (!isOwnPart(a) || !isOwnPart(b) || a.digest === b.digest) return;
    throw new BagsslError(
      'bad-checkpoint',
      `The run was trained with its own ${where} "${a.name}" (digest ${a.digest.slice(0, 12)}…); "${b.name}" (${b.digest.slice(0, 12)}…) is another one. Give the same again, with the same options${where === 'augmentation' ? ', in the same order' : ''}.`,
    );
  };
  for (const where of ['objective', 'optimizer', 'model.encoder'] as const)
    hold(where, at(old, where), at(given, where));
  const [one, other] = [old.augmentations ?? [], given.augmentations ?? []] as OwnPart[][];
  for (const [k, part] of one.entries()) {
    if (!other.some(({ name }) => name === part.name)) throw missingPart('augmentations', part.name);
    hold('augmentation', part, other[k]);
  }
}

type Place = OwnCode['where'];

const at = (config: RunConfig, where: Place): unknown =>
  where === 'model.encoder' ? config.model.encoder : config[where];

const replaced = (config: RunConfig, where: Place, part: OwnPart): RunConfig =>
  where === 'model.encoder' ? { ...config, model: { ...config.model, encoder: part } } : { ...config, [where]: part };

async function partOf(code: OwnCode, size: number): Promise<OwnPart> {
  const name = code.where === 'model.encoder' ? code.value.kind.name! : code.value.name;
  return { kind: 'own', name, digest: await sha256(new TextEncoder().encode(await fingerprint(code, size))) };
}

/** What a part writes into graphs of fixed small shapes. */
async function fingerprint(code: OwnCode, size: number): Promise<string> {
  if (code.where === 'objective') {
    return (await Promise.all([2, 3].map((views) => digest(objectiveGraph(code.value, views))))).join(' ');
  }
  if (code.where === 'optimizer') {
    return (await Promise.all([[3, 4], [4]].map((shape) => digest(optimizerGraph(code.value, shape))))).join(' ');
  }
  const scope = new Scope(createGraph());
  const embedding = encode(scope, code.value, scope.graph.input('patches', [2, 3, size, size]));
  const tensors = await Promise.all(
    [...scope.parameters, ...scope.statistics].map(async ({ spec: { init, ...spec } }) => ({
      ...spec,
      init: 'data' in init ? await sha256(new Uint8Array(init.data.slice().buffer)) : init,
    })),
  );
  const statistics = scope.statistics.map(({ next, value }, k) => [`statistic.${k}`, next ?? value]);
  return `${await digest({ embedding, ...Object.fromEntries(statistics) })} ${JSON.stringify(tensors)}`;
}

const digest = (outputs: Outputs) => sha256(writeOnnx(outputs));

function objectiveGraph(objective: Objective, views: number): Outputs {
  const images = 4;
  const graph = createGraph();
  const projection = graph.input('projection', [views * images, 8]);
  const loss = objective.build(
    projection,
    { views, images },
    {
      predict: (x, hidden) => graph.input(`prediction of ${hidden}`, x.shape),
      target: (momentum) => graph.input(`target of ${momentum}`, projection.shape),
    },
  );
  return { ...loss.reads, surrogate: loss.surrogate };
}

function optimizerGraph(optimizer: Optimizer, shape: readonly number[]): Outputs {
  const graph = createGraph();
  const input = (name: string, of: readonly number[] = shape): Value => graph.input(name, of);
  const update = optimizer.update({
    parameter: input('parameter'),
    gradient: input('gradient'),
    memory: optimizer.slots.map((slot) => input(`memory.${slot}`)),
    rate: input('rate', []),
    step: input('step', []),
  });
  const memory = update.memory.map((value, k) => [`memory.${optimizer.slots[k]}.next`, value]);
  return { parameter: update.parameter, ...Object.fromEntries(memory) };
}
