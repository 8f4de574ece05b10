import { elements, type Node, type Value } from '../../graph/graph.ts';
import type { Outputs } from '../../graph/needed.ts';
import { operandsOf, REDUCTIONS } from './expressions.ts';
import { MOVES } from './own-nodes.ts';

/** A value that a kernel of ours leaves in memory. */
export interface Task {
  readonly value: Value;
  /** The reduction that makes it; undefined for values that are computed one element at a time. */
  readonly reduction?: Node;
  readonly count: number;
  /** Other tasks' values that it reads. */
  readonly needs: ReadonlySet<Value>;
  /** The stage in whose kernels it is computed: the last one that is early enough. */
  stage: number;
}

/** A model in stages: in each, ORT runs some nodes, and then kernels of ours run. */
export interface Stages {
  readonly count: number;
  /** ORT's nodes, by stage. */
  readonly nodes: readonly (readonly Node[])[];
  readonly tasks: readonly Task[];
  /** Values of tasks that others compute again rather than wait for. */
  readonly cheap: ReadonlySet<Value>;
  /** The value itself, where others only rename it. */
  baseOf(value: Value): Value;
  /** What ORT makes that others than its own nodes of the same stage read. */
  readonly exported: ReadonlySet<Value>;
  /** What ORT reads of elsewhere. */
  readonly imported: ReadonlySet<Value>;
}

/** A value this costly is computed once and kept, if larger tensors are computed from it. */
const COSTLY = 3;
/** A value at most this costly is computed again rather than waited for. */
const CHEAP = 8;
/** Smaller than what is computed from it by this factor. */
const LARGER = 4;
/** The most separate tensors that a value is computed from. */
const MOST_READ = 5;

/**
 * Divides nodes into stages.
 * @param made the nodes of our own kernels, by what they make
 * @param turns nodes of ORT that belong to the one that reads them
 * @param apart keep each product of ORT's in memory, also for the next one
 */
export function stagesOf(
  outputs: Outputs,
  nodes: readonly Node[],
  made: ReadonlyMap<Value, Node>,
  turns: ReadonlySet<Node>,
  apart = false,
): Stages {
  // ORT's too: it makes an output that only renames another by a copy, which cannot be replayed.
  const renamed = new Map(nodes.filter(renames).map(({ inputs: [x], outputs: [y] }) => [y, x]));
  const baseOf = (value: Value): Value => {
    let base = value;
    for (let before = renamed.get(base); before; before = renamed.get(base)) base = before;
    return base;
  };

  const stage = new Map<Value, number>();
  const byOrt = new Set<Value>();
  const turned = new Set([...turns].map(({ outputs: [y] }) => y));
  for (const node of nodes) {
    const own = made.has(node.outputs[0]);
    const from = node.inputs.map((x) => (stage.get(x) ?? 0) + (!own && made.has(x) ? 1 : 0));
    const at = Math.max(0, ...from);
    for (const y of node.outputs) stage.set(y, at);
    if (own) continue;
    for (const x of node.inputs) if (turned.has(x)) stage.set(x, at);
    for (const y of node.outputs) byOrt.add(y);
  }
  const count = Math.max(0, ...stage.values()) + 1;
  const ort: Node[][] = Array.from({ length: count }, () => []);
  for (const node of nodes) if (!made.has(node.outputs[0])) ort[stage.get(node.outputs[0])!].push(node);
  const [imported, exported] = [new Set<Value>(), new Set<Value>()];
  const wantedBy = new Map<Value, number>();
  const wanted = (value: Value, at: number) => wantedBy.set(value, Math.min(at, wantedBy.get(value) ?? count));
  for (const node of nodes) {
    for (const x of node.inputs.filter(({ dtype, data }) => dtype !== 'int64' && !data)) {
      const base = baseOf(x);
      if (made.has(node.outputs[0])) {
        if (byOrt.has(base)) exported.add(base);
      } else if (!byOrt.has(x) || stage.get(x) !== stage.get(node.outputs[0])) {
        if (byOrt.has(base)) exported.add(base);
        imported.add(base);
        wanted(base, stage.get(node.outputs[0])! - 1);
      } else if (apart && turned.has(x) === turns.has(node)) exported.add(base);
    }
  }
  for (const value of Object.values(outputs)) {
    const base = baseOf(value);
    if (byOrt.has(base)) exported.add(base);
    if (made.has(base)) wanted(base, count - 1);
  }

  const { kept, cheap } = keptValues(nodes, made, baseOf, wantedBy, byOrt);
  const tasks = [...kept].map((value): Task => {
    const node = made.get(value)!;
    return {
      value,
      reduction: node.operator.type in REDUCTIONS ? node : undefined,
      count: elements(value.shape),
      needs: needsOf(value, made, baseOf, (x) => kept.has(x) && !cheap.has(x)),
      stage: Math.min(count - 1, wantedBy.get(value) ?? count - 1),
    };
  });
  // In the order of execution, so each comes after what it needs.
  const byValue = new Map(tasks.map((task) => [task.value, task]));
  for (const task of tasks.toReversed()) {
    for (const need of task.needs) {
      const before = byValue.get(need)!;
      before.stage = Math.min(before.stage, task.stage);
    }
  }
  return {
    count,
    nodes: ort,
    tasks,
    cheap,
    baseOf,
    exported,
    imported,
  };
}

const renames = ({ operator }: Node): boolean => operator.kind === 'renaming' || operator.type === 'Identity';

/** The values of our own kernels that go through memory, in the order of execution. */
function keptValues(
  nodes: readonly Node[],
  made: ReadonlyMap<Value, Node>,
  baseOf: (value: Value) => Value,
  wantedBy: ReadonlyMap<Value, number>,
  byOrt: ReadonlySet<Value>,
): { readonly kept: ReadonlySet<Value>; readonly cheap: ReadonlySet<Value> } {
  const grows = new Set<Value>();
  for (const node of nodes) {
    if (!made.has(node.outputs[0]) || node.operator.type in REDUCTIONS) continue;
    const size = elements(node.outputs[0].shape);
    for (const x of operandsOf(node)) {
      const base = baseOf(x);
      if (size >= LARGER * elements(base.shape)) grows.add(base);
    }
  }
  const kept = new Set<Value>();
  const cost = new Map<Value, number>();
  const sums = new Set<Value>();
  const leaves = new Map<Value, ReadonlySet<Value>>();
  const leavesOf = (value: Value): ReadonlySet<Value> => {
    const base = baseOf(value);
    if (kept.has(base) || !made.has(base))
      return byOrt.has(base) || elements(base.shape) > 65536 ? new Set([base]) : new Set();
    return leaves.get(base) ?? new Set();
  };
  for (const node of nodes) {
    const [y] = node.outputs;
    if (!made.has(y) || renames(node)) continue;
    const operands = operandsOf(node).map(baseOf);
    const joined = () => new Set(operands.flatMap((x) => [...leavesOf(x)]));
    while (joined().size > MOST_READ) {
      const open = operands.filter((x) => made.has(x) && !kept.has(x) && x.dtype !== 'bool' && leavesOf(x).size > 1);
      if (open.length === 0) break;
      kept.add(open.reduce((most, x) => (leavesOf(x).size > leavesOf(most).size ? x : most)));
    }
    const own = MOVES.has(node.operator.type) ? 0 : 1;
    const total = operands.reduce((sum, x) => sum + (kept.has(x) ? 0 : (cost.get(x) ?? 0)), own);
    cost.set(y, Math.min(1000, total));
    leaves.set(y, joined());
    if (node.operator.type in REDUCTIONS) {
      kept.add(y);
      sums.add(y);
      continue;
    }
    if (operands.some((x) => sums.has(x))) sums.add(y);
    if (y.dtype === 'bool') continue;
    if (wantedBy.has(y) || (grows.has(y) && total >= COSTLY && sums.has(y))) kept.add(y);
  }
  const isCheap = (y: Value) =>
    !(made.get(y)!.operator.type in REDUCTIONS) && cost.get(y)! <= CHEAP && leaves.get(y)!.size <= 2;
  // In the order of execution.
  const found = nodes.flatMap(({ outputs: [y] }) => (kept.has(y) ? [y] : []));
  return { kept: new Set(found), cheap: new Set(found.filter(isCheap)) };
}

function needsOf(
  value: Value,
  made: ReadonlyMap<Value, Node>,
  baseOf: (value: Value) => Value,
  isRead: (value: Value) => boolean,
): Set<Value> {
  const needs = new Set<Value>();
  const seen = new Set<Value>();
  const visit = (node: Node) => {
    for (const x of operandsOf(node)) {
      const base = baseOf(x);
      if (seen.has(base)) continue;
      seen.add(base);
      if (isRead(base)) needs.add(base);
      else if (made.has(base)) visit(made.get(base)!);
    }
  };
  visit(made.get(value)!);
  return needs;
}
