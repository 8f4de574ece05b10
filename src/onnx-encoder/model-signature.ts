import { BagsslError } from '../base/errors.ts';
import { otherFormat } from '../formats/other-format.ts';
import { externalFiles } from '../graph/external-data.ts';
import { FILE_GRAPH, FILE_MODEL, type FoundNode, type FoundTensor, type FoundValueInfo } from '../graph/file-proto.ts';
import { readMessage } from '../graph/protobuf/read.ts';

/** An input or output of a model as its file describes it. */
export interface ModelValue {
  readonly name: string;
  /** ONNX's code of the type of its elements; 0: it is no tensor; −1: the file does not say. */
  readonly type: number;
  /** Extents, and the names of those that are open ('' where there is none); undefined: the file does not say. */
  readonly dims?: readonly (number | string)[];
}

/** What a model shows of itself without its operators being understood. */
export interface ModelSignature {
  /** What a run must be given. */
  readonly inputs: readonly ModelValue[];
  readonly outputs: readonly ModelValue[];
  /** In the order of the file. */
  readonly nodes: readonly FoundNode[];
  /** Weights and other constants, by name. */
  readonly tensors: ReadonlyMap<string, FoundTensor>;
  /** The files beside it that hold its weights, and the bytes that each must have at least. */
  readonly files: ReadonlyMap<string, number>;
  /** What the file says of itself, by keys in lower case. */
  readonly metadata: ReadonlyMap<string, string>;
}

const FILE = {
  ...FILE_MODEL,
  metadataProps: [14, { key: [1, 'string'], value: [2, 'string'] }, 'list'],
} as const;

/** Branches in branches that are looked into. */
const MOST_NESTED = 16;

/**
 * Reads a model's signature from an untrusted file. The memory it takes is a small multiple of the file's.
 * @param name names the file in errors
 * @throws BagsslError `bad-model`
 */
export function modelSignature(bytes: Uint8Array, name: string): ModelSignature {
  checkStart(bytes, name);
  const broken = (why: string, cause?: unknown) =>
    new BagsslError('bad-model', `${name} ${why}; restore a copy, or export it again.`, { cause });
  let found: ReturnType<typeof readMessage<typeof FILE>>;
  try {
    found = readMessage(FILE, bytes);
  } catch (cause) {
    throw broken(`is no ONNX file, or a truncated one (${bytes.length} bytes)`, cause);
  }
  const { graph, metadataProps } = found;
  if (!graph?.output.length) throw broken(`(${bytes.length} bytes) holds no graph with an output`);
  const tensors = new Map(graph.initializer.map((tensor) => [tensor.name ?? '', tensor]));
  const inside: FoundTensor[] = [];
  try {
    for (const tensor of tensorsInside(graph.node)) inside.push(tensor);
  } catch (cause) {
    throw broken('has a malformed branch', cause);
  }
  return {
    // Before IR version 4 weights were listed among the inputs as well.
    inputs: graph.input.filter(({ name = '' }) => !tensors.has(name)).map(faceValue),
    outputs: graph.output.map(faceValue),
    nodes: graph.node,
    tensors,
    files: externalFiles([...tensors.values(), ...inside]),
    metadata: new Map(metadataProps.map(({ key = '', value = '' }) => [key.toLowerCase(), value])),
  };
}

/** Tensors of nodes' attributes, and those of the branches of If and the bodies of loops. */
function* tensorsInside(nodes: readonly FoundNode[], depth = 0): Generator<FoundTensor> {
  for (const { attribute } of nodes) {
    for (const { t, g } of attribute) {
      if (t) yield t;
      if (!g || depth >= MOST_NESTED) continue;
      const { initializer, node } = readMessage(FILE_GRAPH, g);
      yield* initializer;
      yield* tensorsInside(node, depth + 1);
    }
  }
}

function faceValue({ name = '', type }: FoundValueInfo): ModelValue {
  const tensor = type?.tensorType;
  if (!tensor) return { name, type: type ? 0 : -1 };
  const dims = tensor.shape?.dim.map(({ dimValue, dimParam = '' }) => (dimValue && dimValue > 0 ? dimValue : dimParam));
  return { name, type: tensor.elemType ?? 0, ...(dims && { dims }) };
}

/** A value as an error quotes it, such as "x" [batch,3,224,224]. */
export const shownValue = ({ name, dims }: ModelValue): string =>
  `"${name}"${dims ? ` [${dims.map((extent) => extent || '?')}]` : ''}`;

/** Refuses what commonly comes in place of a model. */
export function checkStart(bytes: Uint8Array, name: string): void {
  const instead = otherFormat(bytes);
  if (instead) throw new BagsslError('bad-model', `${name} is no ONNX file but ${instead}.`);
}
