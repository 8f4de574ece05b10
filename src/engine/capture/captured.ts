import type * as Ort from 'onnxruntime-web';
import { PLAIN } from '../../graph/lowering/forms.ts';
import { lower } from '../../graph/lowering/lower.ts';
import type { Outputs } from '../../graph/needed.ts';
import { writeOnnx } from '../../graph/write-onnx.ts';
import type { GpuLimits } from '../../runtime/device.ts';
import { type OnGpu, onGpu } from '../../runtime/download.ts';
import { OneAhead } from '../../runtime/one-ahead.ts';
import type { Capture, HostTensor, OnDevice, Placed, Program } from '../../runtime/program.ts';
import { nextOf } from '../../runtime/resident-state.ts';
import type { Place } from './blocks.ts';
import { OwnKernels } from './own-kernels.ts';
import { type Command, recordKernels, secondHalf } from './record.ts';
import { type Bound, type StagePlan, stagePlan } from './stage-plan.ts';

/** GPUs emulated in software. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe/i;
const NO_KERNEL = 'ONNX Runtime has no GPU kernel for one of its operators';

/**
 * How to capture a model: what ORT computes of its first stage, and the capture that goes with that program.
 * @param outputs in the forms that suit the GPU
 * @param say gets one sentence if the model is not captured, or only its last nodes are fused
 * @param given the same model as it was built
 */
export function captured(
  outputs: Outputs,
  plain: () => Promise<Program>,
  { limits, adapter = '' }: { readonly limits?: GpuLimits; readonly adapter?: string } = {},
  say: (message: string) => void = () => undefined,
  given?: Outputs,
): { head: Outputs; capture?: Capture } {
  const sayPlain = (why: string) => say(`The training step is not captured on this GPU, so it is slower: ${why}.`);
  const alone = given && SOFTWARE.test(adapter) && stagePlan(lower(given, { ...PLAIN, sum: 'adds' }), limits, true);
  const plan = typeof alone === 'object' && alone.head ? alone : stagePlan(outputs, limits);
  const head = typeof plan === 'object' ? (plan.head ?? plan.stages.find(({ model }) => model)?.model) : undefined;
  if (!head || typeof plan === 'string') {
    sayPlain(typeof plan === 'string' ? plan : 'it has no products');
    return { head: outputs };
  }
  if (plan.why) say(`Of the training step, only the update is fused on this GPU, so it is slower: ${plan.why}.`);
  const sayingWhy = (why = NO_KERNEL) => {
    sayPlain(why);
    return plain();
  };
  return { head, capture: new Recording(plan, sayingWhy) };
}

/**
 * A model in stages on one set of buffers. Before its first run ORT is asked which kernels it would start for its stages. They are
 * started from here, with ours between them, in one submission a run: nothing is bound again, and ORT has no part in it.
 */
class Recording implements Capture {
  readonly outputs: readonly string[];
  readonly options: Ort.InferenceSession.SessionOptions = {
    // ORT hands options to the GPU's provider only if it is named by an object.
    executionProviders: [{ name: 'webgpu' }],
    enableGraphCapture: true,
    logSeverityLevel: 4,
  };
  #opened?: Opened;
  readonly #oneAhead = new OneAhead();

  constructor(
    private readonly plan: StagePlan,
    readonly plain: (why?: string) => Promise<Program>,
  ) {
    this.outputs = [...plan.outputs.keys()];
  }

  async run(
    session: Ort.InferenceSession,
    on: OnDevice,
    feeds: Readonly<Record<string, HostTensor>>,
  ): Promise<Placed | string> {
    this.#opened ??= new Opened(this.plan, on.gpu);
    const opened = this.#opened;
    opened.feed(feeds);
    if (opened.standing(on.latest) === 'elsewhere') {
      on.settle();
      opened.fill(on.state);
    } else if (opened.standing(on.latest) === 'next') opened.advance();
    const refused = await opened.record(session, on.engine, this.options);
    if (refused) return refused;
    await on.engine.run(() => {
      opened.replay();
      return this.#oneAhead.after(on.gpu);
    });
    return opened.outputs;
  }

  before = (): Placed => this.#opened!.before;

  async dispose(): Promise<void> {
    await this.#opened?.dispose();
  }
}

/** A session that ORT can record; undefined where a node has no kernel on the GPU. */
async function recordable(engine: OnDevice['engine'], model: Outputs, options: Ort.InferenceSession.SessionOptions) {
  try {
    return await engine.session(writeOnnx(model), options);
  } catch (error) {
    if (/graph capture/.test(String(error))) return undefined;
    throw error;
  }
}

/** Whether a buffer holds tensors of the state at the places where another one holds their next values. */
const isPaired = (buffer: string): boolean => buffer.startsWith('state');

/** Where the state's tensors are before a run: their next values in `next`, still in `state`, or in buffers of others. */
type Standing = 'next' | 'state' | 'elsewhere';

/** A plan's buffers on one GPU, and what is started at every run. */
class Opened {
  readonly outputs: Placed;
  /** The state's tensors before the last run. */
  readonly before: Placed;
  readonly #buffers = new Map<string, GPUBuffer>();
  readonly #sessions: Ort.InferenceSession[] = [];
  #engine?: OnDevice['engine'];
  #commands: readonly (readonly Command[])[] = [];
  #recorded = false;
  #kernels?: OwnKernels;
  #encoder?: GPUCommandEncoder;

  constructor(
    private readonly plan: StagePlan,
    private readonly gpu: GPUDevice,
  ) {
    for (const [name, length] of plan.buffers) {
      if ((plan.standsFor.get(name) ?? name) !== name) continue;
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      this.#buffers.set(name, gpu.createBuffer({ size: Math.ceil((length * 4) / 16) * 16, usage }));
    }
    for (const { place, data } of plan.constants) this.#write(place, data);
    this.outputs = new Map([...plan.outputs].map(([name, { place, length }]) => [name, this.#at(place, length)]));
    this.before = new Map(
      [...plan.inputs].flatMap(([name, places]) => {
        const next = plan.outputs.get(nextOf(name));
        return next ? [[nextOf(name), this.#at(places.at(-1)!, next.length)] as const] : [];
      }),
    );
  }

  #buffer = (name: string): GPUBuffer => this.#buffers.get(this.plan.standsFor.get(name) ?? name)!;
  #at = ({ buffer, at }: Place, length: number): OnGpu => ({ buffer: this.#buffer(buffer), length, offset: at * 4 });
  #write({ buffer, at }: Place, data: Float32Array): void {
    this.gpu.queue.writeBuffer(this.#buffer(buffer), at * 4, data as Float32Array<ArrayBuffer>);
  }

  feed(feeds: Readonly<Record<string, HostTensor>>): void {
    for (const [name, places] of this.plan.inputs) {
      const { data } = feeds[name] ?? {};
      if (data) for (const place of places) this.#write(place, data);
    }
  }

  standing(latest: Placed): Standing {
    for (const [name, { buffer, offset }] of this.before) {
      const now = latest.get(name);
      if (now?.buffer === this.outputs.get(name)!.buffer && now.offset === this.outputs.get(name)!.offset)
        return 'next';
      return now?.buffer === buffer && now.offset === offset ? 'state' : 'elsewhere';
    }
    return 'elsewhere';
  }

  #copy(from: OnGpu, to: Place): void {
    this.#encoder ??= this.gpu.createCommandEncoder();
    const { buffer, at } = to;
    this.#encoder.copyBufferToBuffer(from.buffer, from.offset ?? 0, this.#buffer(buffer), at * 4, from.length * 4);
  }

  /** Copies the state from its tensors. */
  fill(state: Readonly<Record<string, Ort.Tensor>>): void {
    for (const [name, places] of this.plan.inputs) {
      if (state[name]) for (const place of places) this.#copy(onGpu(state[name]), place);
    }
  }

  /** Makes the next values of the state its values. */
  advance(): void {
    for (const [name, length] of this.plan.buffers) {
      const next = name.replace('state', 'next');
      if (isPaired(name)) this.#copy({ buffer: this.#buffer(next), length }, { buffer: name, at: 0 });
    }
    for (const [name, places] of this.plan.inputs) {
      const next = this.outputs.get(nextOf(name));
      if (next) for (const place of places.filter(({ buffer }) => !isPaired(buffer))) this.#copy(next, place);
    }
  }

  /** Notes, once, which kernels ORT would start. @returns why they cannot be replayed */
  async record(
    first: Ort.InferenceSession,
    engine: OnDevice['engine'],
    options: Ort.InferenceSession.SessionOptions,
  ): Promise<string | undefined> {
    if (this.#recorded) return undefined;
    this.#engine = engine;
    await this.#release(); // what a try that failed has left
    // A driver that refuses one of our kernels leaves the model to ORT.
    const own = OwnKernels.create(
      this.gpu,
      this.plan.stages.map((stage) => stage.kernels),
      this.#buffer,
    ).catch((error) => `the driver refuses a kernel (${error?.message ?? error})`);
    const tensors = (bound: Readonly<Record<string, Bound>>) =>
      Object.fromEntries(
        Object.entries(bound).map(([name, { buffer, dtype, shape }]) => [
          name,
          engine.ort.Tensor.fromGpuBuffer(this.#buffer(buffer) as never, { dataType: dtype, dims: shape }),
        ]),
      );
    const commands: Command[][] = [];
    let given: Ort.InferenceSession | undefined = first;
    for (const { model, inputs, outputs } of this.plan.stages) {
      if (!model) {
        commands.push([]);
        continue;
      }
      const session = given ?? (await recordable(engine, model, options));
      if (!session) return NO_KERNEL;
      if (!given) this.#sessions.push(session);
      given = undefined;
      const kernels = await engine.run(async () => {
        const recorded = recordKernels();
        let started: ReturnType<typeof recorded> = [];
        try {
          await session.run(tensors(inputs), tensors(outputs));
        } finally {
          started = recorded();
        }
        return secondHalf(started);
      });
      if (!kernels) return 'ONNX Runtime copies tensors between its kernels';
      commands.push(kernels);
    }
    this.#commands = commands;
    const kernels = await own;
    if (typeof kernels === 'string') return kernels;
    this.#kernels = kernels;
    this.#recorded = true;
    return undefined;
  }

  replay(): void {
    this.#encoder ??= this.gpu.createCommandEncoder();
    const pass = this.#encoder.beginComputePass();
    for (const [at, commands] of this.#commands.entries()) {
      for (const { pipeline, bound, groups } of commands) {
        pass.setPipeline(pipeline);
        for (const [index, group] of bound) pass.setBindGroup(index, group);
        pass.dispatchWorkgroups(...groups);
      }
      this.#kernels!.run(pass, at);
    }
    pass.end();
    for (const { from, to, length } of this.plan.copies) this.#copy(this.#at(from, length), to);
    this.gpu.queue.submit([this.#encoder.finish()]);
    this.#encoder = undefined;
  }

  async #release(): Promise<void> {
    for (const session of this.#sessions.splice(0)) await this.#engine!.release(session);
  }

  async dispose(): Promise<void> {
    await this.#release();
    for (const buffer of this.#buffers.values()) buffer.destroy();
  }
}
