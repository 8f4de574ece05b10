import type { FoundNode } from '../graph/file-proto.ts';
import { beforeClassifier } from './before-classifier.ts';
import { producersOf } from './graph-walk.ts';
import { beforeLastLayer } from './last-layer.ts';
import type { ModelSignature } from './model-signature.ts';

/** A value that can be the vector. */
export interface CutCandidate {
  /** Its name in the file. */
  readonly name: string;
  /** What it is, in a few words. */
  readonly what: string;
}

/** Operators whose results are worth an offer: what pools positions, and what ends a transformer. */
const POOLING = new Set(['GlobalAveragePool', 'GlobalMaxPool', 'ReduceMean', 'AveragePool']);
const NORMS = new Set(['LayerNormalization', 'RMSNormalization', 'SkipLayerNormalization']);

/** How far from an output candidates are looked for, nodes. */
const FAR = 24;
/** Poolings and normalisations of one output that are offered. */
const MOST_NEAR = 2;
const MOST = 12;

/** The values that can be the vector: the outputs, and those near them. The nearest to an output come first. */
export function cutCandidates(signature: ModelSignature): readonly CutCandidate[] {
  const found = new Map<string, string>();
  const add = (name: string | undefined, what: string) => {
    if (name && !found.has(name)) found.set(name, what);
  };
  const producers = producersOf(signature.nodes);
  for (const { name } of signature.outputs) {
    const end = beforeClassifier(signature, name);
    add(
      name,
      !end
        ? 'an output'
        : end.scores
          ? `an output: scores of classes (${end.scores})`
          : 'an output: what a last linear layer gives',
    );
    add(end?.before, end ? `before the last linear layer (${end.linear})` : '');
  }
  for (const { name } of signature.outputs) {
    const near = [...ancestors(producers, name)].filter(({ opType = '' }) => POOLING.has(opType) || NORMS.has(opType));
    for (const { opType = '', input, output } of near.slice(0, MOST_NEAR)) {
      if (POOLING.has(opType)) {
        add(output[0], `pooled (${opType})`);
        add(input[0], `before pooling (${opType})`);
      } else add(output[0], `normalised (${opType})`);
    }
    add(beforeLastLayer(signature, name), 'before the last layer');
  }
  const isMade = (name: string) => producers.has(name);
  return [...found]
    .filter(([name]) => isMade(name))
    .slice(0, MOST)
    .map(([name, what]) => ({ name, what }));
}

/** The nodes that a value is computed from, the nearest first. */
function* ancestors(producers: ReadonlyMap<string, FoundNode>, name: string): Generator<FoundNode> {
  const queue = [name];
  const seen = new Set<FoundNode>();
  for (let at = 0; at < queue.length && seen.size < FAR; at++) {
    const node = producers.get(queue[at]);
    if (!node || seen.has(node)) continue;
    seen.add(node);
    yield node;
    queue.push(...node.input.filter(Boolean));
  }
}
