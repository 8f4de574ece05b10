import { expose, type Remote, transfer } from 'comlink';
import { BagsslError } from '../base/errors.ts';
import type { Pixels } from '../base/pixels.ts';
import { sayOnce } from '../base/shared.ts';
import { isA, tagOf } from '../base/values.ts';
import { bytesAt } from '../data/bytes-at.ts';
import { DecodePool, hasOwnThreads } from '../data/decode-pool.ts';
import { SHORT_SIDE } from '../data/decoder.ts';
import type { AnyImage, imageFrom } from '../data/image-from.ts';
import { seesWhole } from '../encoder/bag-layout.ts';
import type { BagPlacement } from '../encoder/bag-placement.ts';
import type { TrainedRun } from '../encoder/encoder-parts.ts';
import type { PatchEncoder } from '../encoder/patch-encoder.ts';
import type { OnnxEncoder } from '../onnx-encoder/onnx-encoder.ts';
import { type WorkerModuleTools, workerModules } from '../runtime/worker-modules.ts';
import { type Answer, take } from '../threads/answer.ts';
import { OwnedWorker, type WorkerScript } from '../threads/owned-worker.ts';
import { type Bag, BagBuilder, type BagImage, type PartsOf } from './bag.ts';
import type { BagMaker, NumberedImage, PlacedRequest } from './bag-maker.ts';
import type { CreateEmbedderOptions, EncoderSource } from './embedder-options.ts';
import { type EncoderClasses, encoderOfParts, type SentParts } from './encoder-of-parts.ts';
import { laidOut } from './laid-out.ts';
import { partsOf } from './part-means.ts';
import type { ImageFeed, Opened, OpeningOwner, RemoteBags, RemoteOptions } from './remote-bags.ts';

const SCRIPT: WorkerScript = {
  name: 'worker that embeds',
  file: 'embedder.worker.js',
  option: 'embedderUrl',
  without: 'Set background: false to embed on the calling thread.',
  // Bundlers find the worker only if its URL is part of the same expression.
  web: () => new Worker(new URL('./embedder.worker.js', import.meta.url), { type: 'module' }),
};

/** Kept in a variable so that bundlers do not try to bundle the URLs resolved against it. */
const HERE = import.meta.url;

/** Seconds a worker has to free its resources before it is terminated. */
const FAREWELL_SECONDS = 5;

/** What is loaded at first, and must not be a second time. */
export interface Tools extends EncoderClasses, WorkerModuleTools {
  readonly imageFrom: typeof imageFrom;
}

/** Opens an embedder in a worker. @returns its encoder, what it runs on, and its maker of bags */
export async function openInBackground(
  source: EncoderSource,
  options: CreateEmbedderOptions,
  tools: Tools,
): Promise<[PatchEncoder | OnnxEncoder, Opened['engine'], BackgroundBags]> {
  const { signal, onWarning = sayOnce, onProgress, background: _, embedderUrl, decoderUrl, ...rest } = options;
  const known = await knownEncoder(source, tools);
  const sent: RemoteOptions = {
    ...rest,
    encoder: known ? { parts: { ...known } as unknown as SentParts } : await sendable(source, options),
    modules: rest.modules ?? (await workerModules(rest.device, tools)),
    workerUrl: absolute(rest.workerUrl),
    wasmUrl: absolute(rest.wasmUrl),
  };
  const worker = new OwnedWorker<RemoteBags>(SCRIPT, embedderUrl);
  const { port1, port2 } = new MessageChannel();
  const owner: OpeningOwner = { warn: onWarning, progress: (done, total) => onProgress?.(done, total) };
  expose(owner, port1);
  unhold(port1);
  const stop = () => void worker.terminate();
  signal?.addEventListener('abort', stop);
  try {
    await worker.ready();
    const open = (remote: Remote<RemoteBags>) => remote.open(sent, transfer(port2, [port2])) as Promise<Answer<Opened>>;
    const opened = take(await worker.call(open));
    const found = known ?? (await encoderOfParts(opened.parts!, tools));
    const decoders = (await hasOwnThreads()) ? undefined : new DecodePool({ url: decoderUrl, warn: onWarning });
    const { placement, layout } = options;
    const encoder = layout ? laidOut(found, layout) : found;
    return [
      placement ? encoder.with({ placement }) : encoder,
      opened.engine,
      new BackgroundBags(opened, encoder, worker, port1, decoders, tools.imageFrom),
    ];
  } catch (error) {
    worker.terminate();
    port1.close();
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** An encoder that this thread has already. @throws BagsslError `bad-argument` for one that is code */
async function knownEncoder(source: EncoderSource, tools: Tools): Promise<PatchEncoder | OnnxEncoder | undefined> {
  if (typeof source !== 'object' || isA(source, 'URL') || isA(source, 'Uint8Array')) return undefined;
  const { config, state } = source as Partial<TrainedRun>;
  const encoder = config
    ? await encoderOfParts({ model: config.model, recipe: config.recipe, weights: state! }, tools)
    : (source as PatchEncoder | OnnxEncoder);
  if ('weights' in encoder && typeof encoder.model.encoder.kind === 'object') {
    throw new BagsslError(
      'bad-argument',
      'The encoder is code, which cannot be sent to a worker; embed with background: false.',
    );
  }
  return encoder;
}

async function sendable(source: EncoderSource, options: CreateEmbedderOptions): Promise<string | Uint8Array> {
  if (isA(source, 'Uint8Array')) return source;
  const address = source as string | URL;
  // Node's threads do not share them.
  if (/^blob:/i.test(String(address))) return bytesAt(address, options);
  return globalThis.location ? absolute(address) : String(address);
}

/** An address resolved here, for a thread whose script is elsewhere. */
const absolute = <T extends string | URL | undefined>(url: T) =>
  (url && new URL(url, globalThis.location?.href ?? HERE).href) as T extends undefined ? undefined : string;

/** Bags that a worker makes. Images are decoded in other workers, and only handed on by this thread. */
export class BackgroundBags implements BagMaker {
  readonly width: number;
  readonly precision: Opened['precision'];
  /** Pixels that nobody else has: they are handed over, not copied. */
  readonly #own = new WeakSet<Pixels>();
  #streams = 0;

  constructor(
    opened: Opened,
    private readonly encoder: PatchEncoder | OnnxEncoder,
    /** Not `#private`, so that a test can kill it. */
    private readonly worker: OwnedWorker<RemoteBags>,
    private readonly owner: MessagePort,
    private readonly decoders: DecodePool | undefined,
    private readonly imageFrom: Tools['imageFrom'],
  ) {
    this.width = opened.width;
    this.precision = opened.precision;
  }

  readonly read = async (image: AnyImage, shortSide?: number): Promise<Pixels> => {
    const isAddress = typeof image === 'string' || isA(image, 'URL');
    const found = isAddress ? await bytesAt(image) : image;
    const source = isA(found, 'ArrayBuffer') ? new Uint8Array(found) : await handedOver(found);
    const name = isAddress ? String(image) : 'name' in Object(image) ? String((image as File).name) : 'the image';
    const pixels = source && (await this.decoders?.decode(source, name, { shortSide }));
    if (!pixels) return this.imageFrom(found, shortSide);
    this.#own.add(pixels);
    return pixels;
  };

  async *of(images: AsyncIterable<NumberedImage>, request: PlacedRequest): AsyncGenerator<Bag, void, void> {
    const { weigh, placement, whole, keepPatches, unit, unitPatches } = request;
    const iterator = images[Symbol.asyncIterator]();
    /** What bags are weighed by. */
    const sizes = new Map<number, BagImage>();
    let failed: { readonly error: unknown } | undefined;
    /** The worker's calls that wait for an image. A race with one promise of the stream would keep every image until its end. */
    const waiting = new Set<(nothing: undefined) => void>();
    let left = false;
    const nextImage = () =>
      new Promise<IteratorResult<NumberedImage> | undefined>((resolve, reject) => {
        waiting.add(resolve);
        iterator
          .next()
          .finally(() => waiting.delete(resolve))
          .then(resolve, reject);
      });
    const feed: ImageFeed = {
      next: async () => {
        try {
          const found = left ? undefined : await nextImage();
          if (!found?.value || failed) return undefined;
          const { index, pixels } = found.value as NumberedImage;
          if (weigh) sizes.set(index, { index, width: pixels.width, height: pixels.height });
          return this.#packed(found.value);
        } catch (error) {
          failed ??= { error };
          return undefined;
        }
      },
    };
    const { port1, port2 } = new MessageChannel();
    expose(feed, port1);
    unhold(port1);
    const stream = this.#streams++;
    // A weight is a function, so the mean is taken here.
    const sent = { placement, whole, keepPatches: keepPatches || weigh !== undefined, unit, unitPatches };
    try {
      await this.worker.call((remote) => remote.begin(stream, sent, transfer(port2, [port2])));
      for (;;) {
        const next = (remote: Remote<RemoteBags>) => remote.next(stream) as Promise<Answer<Bag | undefined>>;
        const bag = take(await this.worker.call(next));
        if (bag) {
          yield weigh ? weighed(bag, sizes.get(bag.index)!, request, this.#parts) : bag;
          sizes.delete(bag.index);
        } else if (failed) throw failed.error;
        else return;
      }
    } finally {
      left = true;
      for (const leave of waiting) leave(undefined);
      if (!this.worker.failed) await this.worker.call((remote) => remote.leave(stream)).catch(() => undefined);
      port1.close();
      await iterator.return?.();
    }
  }

  get #parts(): PartsOf | undefined {
    const layout = 'layout' in this.encoder ? this.encoder.layout : 'mean';
    return layout === 'mean' || seesWhole(layout) ? undefined : partsOf(layout);
  }

  #packed(image: NumberedImage): NumberedImage {
    const { id, index, pixels } = image;
    const { data, width, height, layout } = pixels;
    const mine = this.#own.has(pixels) || !(data.buffer instanceof ArrayBuffer);
    const sent = mine ? data : new Uint8Array(data);
    const buffers = sent.buffer instanceof ArrayBuffer ? [sent.buffer] : [];
    return transfer({ id, index, pixels: { data: sent, width, height, layout } }, buffers);
  }

  shortSide(placement: BagPlacement): number {
    return 'notes' in this.encoder ? this.encoder.shortSide(placement) : SHORT_SIDE;
  }

  async denseStride(): Promise<number> {
    return take(await this.worker.call((remote) => remote.denseStride() as Promise<Answer<number>>));
  }

  async dispose(): Promise<void> {
    this.decoders?.dispose();
    await this.worker.call((remote) => remote.dispose(), FAREWELL_SECONDS).catch(() => undefined);
    await this.worker.terminate();
    this.owner.close();
  }
}

/** What a decoder in a worker takes: files, and pictures of the page as a bitmap. */
async function handedOver(image: AnyImage): Promise<Uint8Array | Blob | ImageBitmap | undefined> {
  if (isA(image, 'Uint8Array') || isA(image, 'Blob') || isA(image, 'File')) return image;
  const isPicture = /^(HTML(Image|Video|Canvas)Element|OffscreenCanvas|VideoFrame)$/.test(tagOf(image));
  // What gives no bitmap is refused on this thread, with the reason.
  return isPicture ? createImageBitmap(image as ImageBitmapSource).catch(() => undefined) : undefined;
}

/** The same bag with the mean of its patches by weight. */
function weighed({ patches, whole }: Bag, image: BagImage, request: PlacedRequest, parts?: PartsOf): Bag {
  const { boxes, vectors } = patches!;
  const builder = new BagBuilder(image, vectors.columns, request, parts);
  boxes.forEach((box, row) => {
    builder.add(vectors.data, row * vectors.columns, box);
  });
  return { ...builder.finish(), ...(whole && { whole }) };
}

/** Otherwise it keeps a Node process alive. */
function unhold(port: MessagePort): void {
  (port as { unref?(): void }).unref?.();
}
