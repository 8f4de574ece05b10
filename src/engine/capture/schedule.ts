import type { Node, Value } from '../../graph/graph.ts';
import type { Place } from './blocks.ts';
import { type Block, BlockWriter, partsOf, type Walk, walkOf } from './blocks.ts';
import { Body } from './body.ts';
import type { Places } from './places.ts';
import type { Stages, Task } from './tasks.ts';

/** A reduction whose parts are summed already. */
interface Half {
  readonly walk: Walk;
  readonly tasks: readonly Task[];
  readonly partials: readonly Place[];
}

/** The blocks of each stage, in rounds: those of one round do not depend on each other. */
export function schedule(stages: Stages, places: Places, made: ReadonlyMap<Value, Node>): Block[][][] {
  const { baseOf } = stages;
  const placeOf = (value: Value) => places.of.get(value);
  const done = new Set<Value>();
  const inMemory = (value: Value) => (stages.cheap.has(value) && !done.has(value) ? undefined : placeOf(value));
  const writer = new BlockWriter(made, baseOf, placeOf, inMemory);
  const demanded = new Set<Value>([
    ...stages.imported,
    ...[...places.of].flatMap(([value, { buffer }]) => (buffer.startsWith('next') ? [value] : [])),
  ]);
  const outputPlaces = new Set([...places.outputs.values()].map(({ place }) => `${place.buffer} ${place.at}`));
  for (const { value } of stages.tasks) {
    const place = placeOf(value)!;
    if (outputPlaces.has(`${place.buffer} ${place.at}`)) demanded.add(value);
  }
  return Array.from({ length: stages.count }, (_, at) => {
    const rounds: Block[][] = [];
    let open = stages.tasks.filter(({ value, stage }) => stage === at && !done.has(value));
    let halves: Half[] = [];
    while (open.length > 0 || halves.length > 0) {
      const blocks: Block[] = [];
      const finished: Value[] = [];
      const isReady = ({ needs }: Task) => [...needs].every((value) => done.has(value));
      const ready = open.filter(isReady);
      const reductions = ready.filter(({ reduction }) => reduction);
      const groups: Half[] = halves;
      const later: Half[] = [];
      for (const task of reductions) {
        const walk = walkOf(task.reduction!);
        const known = [...groups, ...later].find((group) => group.walk.key === walk.key && !halves.includes(group));
        if (known && known.tasks.length < 8) (known.tasks as Task[]).push(task);
        else (walk.mode === 'split' ? later : groups).push({ walk, tasks: [task], partials: [] });
      }
      const started = new Set(later.flatMap(({ tasks }) => tasks));
      open = open.filter((task) => !started.has(task));
      halves = later.map(({ walk, tasks }) => {
        const partials = tasks.map(() => places.spare(walk.kept * partsOf(walk)));
        blocks.push(
          writer.split(
            walk,
            tasks.map(({ reduction }) => reduction!),
            partials,
          ),
        );
        return { walk, tasks, partials };
      });
      for (const { walk, tasks, partials } of groups) {
        const after = following(walk, tasks, open, done, made, baseOf, inMemory);
        const here = new Set([...tasks, ...after].map(({ value }) => value));
        const kept = new Set(
          [...here].filter(
            (value) =>
              demanded.has(value) ||
              stages.tasks.some((task) => task.needs.has(value) && !here.has(task.value) && !done.has(task.value)),
          ),
        );
        const nodes = tasks.map(({ reduction }) => reduction!);
        blocks.push(
          writer.reduction(
            walk,
            nodes,
            after.map(({ value }) => value),
            kept,
            partials.length > 0 ? partials : undefined,
          ),
        );
        finished.push(...here);
        open = open.filter((task) => !here.has(task.value));
      }
      // What nothing of this stage waits for is computed in its last round, with others.
      const single = open.filter((task) => !task.reduction && isReady(task));
      const waited = (task: Task) => open.some(({ needs }) => needs.has(task.value));
      const last = halves.length === 0 && open.every((task) => single.includes(task));
      for (const task of single.filter((one) => last || waited(one))) {
        blocks.push(writer.elementwise([task.value]));
        finished.push(task.value);
      }
      if (blocks.length === 0) {
        for (const task of single) {
          blocks.push(writer.elementwise([task.value]));
          finished.push(task.value);
        }
      }
      if (blocks.length === 0) throw new Error('the kernels wait for each other');
      for (const value of finished) done.add(value);
      open = open.filter(({ value }) => !done.has(value));
      rounds.push(blocks);
    }
    return rounds;
  });
}

/** Tasks that a reduction's block can compute after it, one element for each output. */
function following(
  walk: Walk,
  tasks: readonly Task[],
  open: readonly Task[],
  done: ReadonlySet<Value>,
  made: ReadonlyMap<Value, Node>,
  baseOf: (value: Value) => Value,
  inMemory: (value: Value) => unknown,
): Task[] {
  const here = new Set(tasks.map(({ value }) => value));
  const found: Task[] = [];
  for (const task of open) {
    if (task.reduction || task.count !== walk.kept) continue;
    if (![...task.needs].every((value) => done.has(value) || here.has(value))) continue;
    if (![...task.needs].some((value) => here.has(value))) continue;
    let fits = true;
    const body = new Body(made, baseOf, (value, index) => {
      if (here.has(value)) {
        fits &&= index === 'o';
        return 'x';
      }
      return inMemory(value) && (done.has(value) || !made.has(value)) ? 'x' : undefined;
    });
    try {
      body.fresh(task.value, 'o');
    } catch {
      fits = false;
    }
    if (!fits) continue;
    here.add(task.value);
    found.push(task);
  }
  return found;
}
