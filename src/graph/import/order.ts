import { BagsslError } from '../../base/errors.ts';
import type { FileNode } from './nodes.ts';
import type { FileInput, FileModel } from './parse.ts';

/** The nodes that `outputs` need, each after those it reads from, whatever their order in the file. @throws BagsslError `bad-model` naming a cycle */
export function nodesFor({ nodes, inputs, tensors }: FileModel, outputs: readonly string[]): FileNode[] {
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const given = new Set([...tensors.keys(), ...inputs.map(({ name }) => name)]);
  const done = new Set<FileNode>();
  const order: FileNode[] = [];
  /** The path from an output to the current node, each node with the number of its operands already visited. */
  const path: { node: FileNode; next: number }[] = [];
  const open = new Set<FileNode>();
  const enter = (name: string, reader: string) => {
    if (name === '' || given.has(name)) return;
    const node = makers.get(name);
    if (!node) throw new BagsslError('bad-model', `${reader} "${name}", which neither the file nor any node provides.`);
    if (done.has(node)) return;
    if (open.has(node)) {
      const cycle = path.slice(path.findIndex((step) => step.node === node)).map((step) => step.node.place);
      const shown = cycle.length > 4 ? [...cycle.slice(0, 3), `${cycle.length - 3} more`] : cycle;
      throw new BagsslError('bad-model', `The graph has a cycle: ${shown.join(' reads from ')} reads from the first.`);
    }
    open.add(node);
    path.push({ node, next: 0 });
  };
  for (const output of outputs) {
    enter(output, 'The model promises an output');
    while (path.length > 0) {
      const step = path[path.length - 1];
      const reads = readsOf(step.node);
      if (step.next < reads.length) {
        enter(reads[step.next++], `${step.node.place} reads`);
        continue;
      }
      path.pop();
      open.delete(step.node);
      done.add(step.node);
      order.push(step.node);
    }
  }
  return order;
}

/** What a node reads: its operands, and for If what its branches take from outside. */
function readsOf({ inputs, branches }: FileNode): readonly string[] {
  if (!branches) return inputs;
  const outside = branches.flatMap(({ nodes, outputs }) => {
    const own = new Set(nodes.flatMap((node) => node.outputs));
    return [...nodes.flatMap(readsOf), ...outputs].filter((name) => !own.has(name));
  });
  return [...inputs, ...new Set(outside)];
}

/** The inputs that `outputs` depend on. @throws BagsslError `bad-model` */
export function inputsFor(model: FileModel, outputs: readonly string[]): readonly FileInput[] {
  if (model.inputs.length <= 1) return model.inputs;
  const read = new Set([...outputs, ...nodesFor(model, outputs).flatMap(readsOf)]);
  return model.inputs.filter(({ name }) => read.has(name));
}
