import { BagsslError } from '../../base/errors.ts';
import { FILE_GRAPH, type FoundAttribute, type FoundFunction, type FoundGraph, type FoundNode } from '../file-proto.ts';
import type { Attribute } from '../graph.ts';
import { ATTRIBUTE_TYPE } from '../onnx-proto.ts';
import { readMessage } from '../protobuf/read.ts';
import { FLOAT16, FLOAT64, readTensor, type Tensor } from './read-tensor.ts';

/** An attribute of a file's node: as in a graph, or a list of floats, or a tensor. */
export type FileAttribute = Attribute | { readonly floats: readonly number[] } | { readonly tensor: Tensor };

/** A node of a file: values are names, and '' is an operand left out. */
export interface FileNode {
  /** The operator; with its domain before it, and a dot, where that is not ONNX's own. */
  readonly type: string;
  /** The opset whose operators it names. */
  readonly opset: number;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Read on demand: a node that no output needs may have unsupported attributes. */
  readonly attributes: () => Readonly<Record<string, FileAttribute>>;
  /** Which node it is and where in the file, for errors. */
  readonly place: string;
  /** What If computes where its condition holds, and where it does not. */
  readonly branches?: readonly Branch[];
}

/** The nodes of one branch of If, their names made unique; they also read values from outside. */
export interface Branch {
  readonly nodes: readonly FileNode[];
  readonly outputs: readonly string[];
}

export const isStandard = (domain = '') => domain === '' || domain === 'ai.onnx';

/** More nodes than any network has: functions that call functions could otherwise fill the memory from a tiny file. */
const MOST_NODES = 2 ** 17;
const MOST_NESTED = 16;

/** Where nodes are: what their names and their functions' attributes mean. */
interface Around {
  readonly opset: number;
  readonly rename: (name: string) => string;
  readonly given: ReadonlyMap<string, FoundAttribute>;
  readonly place: string;
  readonly depth: number;
}

/** A file's nodes in one list, the calls of its functions replaced by their bodies. */
export class Flattened {
  readonly tensors = new Map<string, Tensor>();
  readonly #taken = new Set<string>();
  readonly #functions: ReadonlyMap<string, FoundFunction>;
  #count = 0;

  constructor(
    functions: readonly FoundFunction[],
    private readonly widened: boolean,
  ) {
    this.#functions = new Map(functions.map((own) => [keyOf(own, own.name), own]));
  }

  /** @throws BagsslError `bad-model` for a name that is taken */
  provide(name: string, what: string): void {
    if (this.#taken.has(name)) {
      throw new BagsslError('bad-model', `${what} "${name}" appears twice; every value needs its own name.`);
    }
    this.#taken.add(name);
  }

  nodes(protos: readonly FoundNode[], opset: number): FileNode[] {
    return this.#nodes(protos, { opset, rename: (name) => name, given: new Map(), place: '', depth: 0 });
  }

  #nodes(protos: readonly FoundNode[], around: Around): FileNode[] {
    this.#count += protos.length;
    if (this.#count > MOST_NODES || around.depth > MOST_NESTED) {
      throw new BagsslError(
        'bad-model',
        `${around.place}the file's functions and branches have more than ${MOST_NODES} nodes, or are nested more than ${MOST_NESTED} deep.`,
      );
    }
    return protos.flatMap((proto, k) => {
      const place = around.place + placeOf(proto, k, protos.length);
      const body = this.#functions.get(keyOf(proto, proto.opType));
      if (body) return this.#inlined(body, proto, { ...around, place });
      const node = this.#node(proto, { ...around, place });
      return node ? [node] : [];
    });
  }

  #node(proto: FoundNode, around: Around): FileNode | undefined {
    const { place, opset, rename } = around;
    const [inputs, outputs] = [proto.input, proto.output].map((names) => names.map(rename));
    for (const name of outputs) if (name) this.provide(name, `${place}: its output`);
    const { opType = '', domain } = proto;
    const type = isStandard(domain) ? opType : `${domain}.${opType}`;
    // Exporters store equal tensors once and copy them with Identity: the copies are separate tensors.
    const copied = type === 'Identity' ? this.tensors.get(inputs[0]) : undefined;
    if (copied && outputs[0]) {
      this.tensors.set(outputs[0], copied);
      return undefined;
    }
    const branches = type === 'If' ? this.#branches(proto, outputs[0] ?? '', around) : undefined;
    if (branches?.length) return { type, opset, inputs, outputs, place, branches, attributes: () => ({}) };
    const attributes = () => {
      const found = proto.attribute.flatMap((attribute): [string, FileAttribute][] => {
        const { name = '', refAttrName } = attribute;
        const own = refAttrName ? around.given.get(refAttrName) : attribute;
        return own ? [[name, attributeOf(own, name, place, this.widened)]] : [];
      });
      const all = Object.fromEntries(found);
      return type === 'Cast' ? { ...all, to: floatType(all.to as number, this.widened) } : all;
    };
    return { type, opset, inputs, outputs, place, attributes };
  }

  /** The nodes of a function's body, in place of the node that calls it. */
  #inlined(body: FoundFunction, call: FoundNode, around: Around): FileNode[] {
    const outer = new Map<string, string>();
    body.input.forEach((name, k) => {
      outer.set(name, around.rename(call.input[k] ?? ''));
    });
    body.output.forEach((name, k) => {
      if (call.output[k] && !outer.has(name)) outer.set(name, around.rename(call.output[k]));
    });
    const prefix = around.rename(call.output.find(Boolean) ?? '');
    const rename = (name: string) => outer.get(name) ?? (name && `${prefix}/${name}`);
    const given = new Map(body.attributeProto.map((attribute) => [attribute.name ?? '', attribute]));
    for (const attribute of call.attribute) {
      const own = attribute.refAttrName ? around.given.get(attribute.refAttrName) : attribute;
      if (own) given.set(attribute.name ?? '', own);
    }
    const opset = body.opsetImport.find(({ domain }) => isStandard(domain))?.version ?? around.opset;
    const place = `${around.place}: `;
    const nodes = this.#nodes(body.node, { opset, rename, given, place, depth: around.depth + 1 });
    // A body may hand an input on as it is.
    const copies = body.output.flatMap((name, k) => {
      const from = body.input.indexOf(name);
      if (from < 0 || !call.output[k]) return [];
      const copy = { ...call, opType: 'Identity', domain: '', input: [call.input[from]], output: [call.output[k]] };
      return this.#node(copy, around) ?? [];
    });
    return [...nodes, ...copies];
  }

  #branches(proto: FoundNode, prefix: string, around: Around): Branch[] {
    return ['then_branch', 'else_branch'].flatMap((branch) => {
      const found = proto.attribute.find(({ name }) => name === branch)?.g;
      if (!found) return [];
      const graph = graphIn(found, around.place);
      const own = new Set([
        ...graph.initializer.map(({ name = '' }) => name),
        ...graph.node.flatMap(({ output }) => output),
      ]);
      own.delete('');
      const rename = (name: string) => (own.has(name) ? `${prefix}/${branch}/${name}` : around.rename(name));
      for (const tensor of graph.initializer) {
        const name = rename(tensor.name ?? '');
        this.provide(name, 'The tensor');
        this.tensors.set(name, readTensor(tensor, `The tensor "${name}"`, this.widened));
      }
      const nodes = this.#nodes(graph.node, { ...around, rename, place: `${around.place}: `, depth: around.depth + 1 });
      return [{ nodes, outputs: graph.output.map(({ name = '' }) => rename(name)) }];
    });
  }
}

const keyOf = ({ domain, overload }: { domain?: string; overload?: string }, name = '') =>
  JSON.stringify([isStandard(domain) ? '' : domain, name, overload ?? '']);

function graphIn(bytes: Uint8Array, place: string): FoundGraph {
  try {
    return readMessage(FILE_GRAPH, bytes);
  } catch (cause) {
    throw new BagsslError('bad-model', `${place}: one of its branches is malformed.`, { cause });
  }
}

function placeOf({ opType = '', name, input, output }: FoundNode, index: number, count: number): string {
  const quoted = (names: readonly string[]) => (names.length ? names.map((n) => `"${n}"`).join(', ') : 'nothing');
  const own = name ? ` "${name}"` : '';
  return `${opType}${own} (node ${index + 1} of ${count}, from ${quoted(input.slice(0, 4))} to ${quoted(output.slice(0, 2))})`;
}

/** The type that Cast gives: float64 and bfloat16 are computed in float32, and so is float16 where a file is widened. */
const floatType = (to: number, widened: boolean) =>
  to === FLOAT64 || to === 16 || (widened && to === FLOAT16) ? 1 : to;

function attributeOf(attribute: FoundAttribute, name: string, place: string, widened: boolean): FileAttribute {
  switch (attribute.type) {
    case ATTRIBUTE_TYPE.INT:
      return attribute.i ?? 0;
    case ATTRIBUTE_TYPE.INTS:
      return attribute.ints;
    case ATTRIBUTE_TYPE.FLOAT:
      return { float: attribute.f ?? 0 };
    case ATTRIBUTE_TYPE.FLOATS:
      return { floats: attribute.floats };
    case ATTRIBUTE_TYPE.STRING:
      return new TextDecoder().decode(attribute.s);
    case ATTRIBUTE_TYPE.TENSOR:
      if (attribute.t) return { tensor: readTensor(attribute.t, `${place}: its attribute "${name}"`, widened) };
  }
  throw new BagsslError(
    'unsupported-operator',
    `${place}: attribute "${name}" is of an unsupported kind (a graph, a list of tensors, or none).`,
  );
}
