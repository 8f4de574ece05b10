import { BagsslError } from '../base/errors.ts';
import { cast } from '../graph/functions.ts';
import type { Graph, Precision, Shape, Value } from '../graph/graph.ts';
import { elements } from '../graph/graph.ts';

/** How a parameter starts: uniform in ±bound, one value everywhere, or as given. */
export type Init = { readonly uniform: number } | { readonly constant: number } | { readonly data: Float32Array };

/** A tensor of the model that outlives a step: a parameter that is learnt, or a statistic that is averaged. */
export interface TensorSpec {
  /** Its name in a checkpoint's state. */
  readonly name: string;
  /** Its shape. */
  readonly shape: Shape;
  /** Its initial value. */
  readonly init: Init;
}

/** A running statistic; pass its value after this step to `next`. */
export interface Statistic {
  /** Its value before this step. */
  readonly value: Value;
  /** Sets its value after this step. */
  readonly next: (value: Value) => void;
}

/** Tensors by name. */
export type Weights = Readonly<Record<string, Float32Array>>;

/**
 * Where a network's layers get their tensors. In training, parameters and statistics are graph inputs, and layers pass
 * in each statistic's next value; with `weights` given they are constants of an inference graph. Tensors are float32;
 * layers see parameters in the scope's precision.
 */
export class Scope {
  /** The parameters that layers have asked for, in their order. */
  readonly parameters: { spec: TensorSpec; value: Value }[] = [];
  /** The statistics that layers have asked for, in their order. */
  readonly statistics: { spec: TensorSpec; value: Value; next?: Value }[] = [];

  /** A scope for training; with `weights`, one for inference. */
  constructor(
    /** What layers add to. */
    readonly graph: Graph,
    private readonly weights?: Weights,
    /** What the network computes in. */
    readonly precision: Precision = 'float32',
  ) {}

  /** Whether the graph is for training, so that batch norm normalises by the batch. */
  get training(): boolean {
    return this.weights === undefined;
  }

  /** A learnt tensor of the model, by a name of its own; in the scope's precision unless another is given. */
  parameter(name: string, shape: Shape, init: Init, precision: Precision = this.precision): Value {
    const spec = { name, shape, init };
    const value = this.#tensor(spec);
    this.parameters.push({ spec, value });
    return cast(value, precision);
  }

  /** A running statistic. */
  statistic(name: string, shape: Shape, init: Init): Statistic {
    const spec = { name, shape, init };
    const entry: { spec: TensorSpec; value: Value; next?: Value } = { spec, value: this.#tensor(spec) };
    this.statistics.push(entry);
    return {
      value: entry.value,
      next: (value) => {
        entry.next = value;
      },
    };
  }

  #tensor({ name, shape }: TensorSpec): Value {
    if (!this.weights) return this.graph.input(name, shape);
    const data = this.weights[name];
    if (!data) throw new BagsslError('bad-checkpoint', `The weights hold no tensor "${name}", which this model needs.`);
    if (data.length !== elements(shape)) {
      throw new BagsslError(
        'shape-mismatch',
        `The weights' tensor "${name}" has ${data.length} elements, but this model needs [${shape}] (${elements(shape)}). Use the weights with the model they were trained with.`,
      );
    }
    return this.graph.constant(data, shape, name);
  }
}
