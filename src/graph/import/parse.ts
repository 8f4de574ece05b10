import { BagsslError } from '../../base/errors.ts';
import { FILE_MODEL, type FoundModel, type FoundOpsets, type FoundValueInfo } from '../file-proto.ts';
import { type DType, dtypeOfCode } from '../graph.ts';
import { readMessage } from '../protobuf/read.ts';
import { type FileNode, Flattened, isStandard } from './nodes.ts';
import { FLOAT16, readTensor, type Tensor } from './read-tensor.ts';

/** The opsets that files may have; operators are translated to those of the one that graphs are written in. */
export const OPSETS = { oldest: 7, newest: 23 };

/** The opset to export in: newer ones add operators of whole layers that gain nothing here. */
const ADVISED = 20;

export interface FileInput {
  readonly name: string;
  readonly dtype: DType;
  /** A number, or the name of an axis whose extent the file leaves open ('' where it has none; Paddle2ONNX writes -1). */
  readonly dims: readonly (number | string)[];
}

/** The network of an .onnx file, with its names and sizes checked and no shape inferred. */
export interface FileModel {
  /** The inputs to be given at a run, without initialisers. */
  readonly inputs: readonly FileInput[];
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly nodes: readonly FileNode[];
  readonly outputs: readonly string[];
}

/** How a file is read. */
export interface ParseOptions {
  /** Read float16 as float32: tensors, inputs and casts. */
  readonly widened?: boolean;
  /** Reads the tensors that are not in nodes' attributes; default `readTensor`. */
  readonly read?: typeof readTensor;
}

/**
 * Parses an .onnx file. Allocates no more than a small multiple of the file's size, and reads no other file.
 * @throws BagsslError `bad-model` or `unsupported-operator`, naming the tensor or node
 */
export function parseOnnx(bytes: Uint8Array, { widened = false, read = readTensor }: ParseOptions = {}): FileModel {
  const model = decode(bytes);
  const { graph } = model;
  if (!graph) throw new BagsslError('bad-model', `The ONNX file (${bytes.length} bytes) holds no graph.`);
  const opset = opsetOf(model.opsetImport);
  const flattened = new Flattened(model.functions, widened);
  for (const tensor of graph.initializer) {
    const { name = '' } = tensor;
    flattened.provide(name, 'The tensor');
    flattened.tensors.set(name, read(tensor, `The tensor "${name}"`, widened));
  }
  // Before IR version 4 initialisers were listed among the inputs as well.
  const listed = graph.input.filter(({ name = '' }) => !flattened.tensors.has(name));
  for (const { name = '' } of listed) flattened.provide(name, 'The input');
  const nodes = flattened.nodes(graph.node, opset);
  return {
    inputs: listed.map((input) => inputOf(input, widened)),
    tensors: flattened.tensors,
    nodes,
    outputs: graph.output.map(({ name = '' }) => name),
  };
}

function decode(bytes: Uint8Array): FoundModel {
  try {
    return readMessage(FILE_MODEL, bytes);
  } catch (cause) {
    throw new BagsslError(
      'bad-model',
      `Not an ONNX file, or a truncated one (${bytes.length} bytes); export it again or restore a copy.`,
      { cause },
    );
  }
}

function opsetOf(imports: FoundOpsets): number {
  const opset = imports.find(({ domain }) => isStandard(domain))?.version ?? 0;
  const { oldest, newest } = OPSETS;
  if (!(opset >= oldest && opset <= newest)) {
    throw new BagsslError(
      'bad-model',
      `The model is written in opset ${opset || 'none'}; supported are ${oldest} to ${newest}. Export it with opset_version=${ADVISED}, or convert it.`,
    );
  }
  return opset;
}

function inputOf({ name = '', type }: FoundValueInfo, widened: boolean): FileInput {
  if (!type?.tensorType) throw new BagsslError('bad-model', `Input "${name}" is not a tensor.`);
  const { elemType = 0, shape } = type.tensorType;
  const dtype = dtypeOfCode(widened && elemType === FLOAT16 ? 1 : elemType);
  if (!dtype) throw new BagsslError('bad-model', `Input "${name}" has ONNX type ${elemType}, which is not supported.`);
  const dims = (shape?.dim ?? []).map(({ dimValue = 0, dimParam = '' }) => (dimValue < 1 ? dimParam : dimValue));
  return { name, dtype, dims };
}
