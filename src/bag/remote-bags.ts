import type { Remote } from 'comlink';
import { PatchEncoder } from '../encoder/patch-encoder.ts';
import { Whitening } from '../encoder/whitening.ts';
import type { Precision } from '../graph/graph.ts';
import type { Engine } from '../runtime/program.ts';
import { type Answer, answer } from '../threads/answer.ts';
import type { Bag } from './bag.ts';
import type { BagMaker, NumberedImage, PlacedRequest } from './bag-maker.ts';
import type { CreateEmbedderOptions, EncoderSource } from './embedder-options.ts';
import { encoderOfParts, type SentParts } from './encoder-of-parts.ts';
import { encoderFrom, onnxBags } from './encoder-source.ts';
import { laidOut } from './laid-out.ts';
import { openBags } from './open-bags.ts';

/** The options that are sent to the worker as plain values. */
export interface RemoteOptions extends Omit<CreateEmbedderOptions, 'encoder'> {
  /** A file's address or bytes, or an encoder's parts. */
  readonly encoder: string | Uint8Array | { readonly parts: SentParts };
}

/** What the worker says when it is open. */
export interface Opened {
  /** Those of an encoder that the owner does not have. */
  readonly parts?: SentParts;
  readonly width: number;
  readonly precision: Precision;
  readonly engine: Pick<Engine, 'device' | 'threads' | 'adapter'>;
}

/** What the owner of a worker does for it while it opens. */
export interface OpeningOwner {
  warn(message: string): void;
  progress(done: number, total: number): void;
}

/** The images of one stream, as the worker asks for them. */
export interface ImageFeed {
  /** Undefined after the last, and when the owner's images have failed. */
  next(): Promise<NumberedImage | undefined>;
}

/** An embedder in a worker, as its owner calls it over Comlink. */
export interface RemoteBags {
  ready(): Promise<true>;
  /** Called once, before everything else. */
  open(options: RemoteOptions, owner: MessagePort): Promise<Answer<Opened>>;
  /** Begins a stream of bags under a number. */
  begin(stream: number, request: PlacedRequest, feed: MessagePort): void;
  /** A stream's next bag; undefined after the last. */
  next(stream: number): Promise<Answer<Bag | undefined>>;
  /** Called when the owner leaves a stream. */
  leave(stream: number): Promise<void>;
  denseStride(): Promise<Answer<number>>;
  dispose(): Promise<void>;
}

/** Images asked for before the encoder needs them. */
const AHEAD = 3;

/**
 * The worker's half.
 * @param wrap makes a proxy of what is behind a port
 * @param hand marks buffers to transfer instead of copy
 */
export function remoteBags(
  wrap: <T>(port: MessagePort) => Remote<T>,
  hand: <T extends object>(value: T, buffers: Transferable[]) => T,
): RemoteBags {
  let maker: BagMaker;
  let owner: Remote<OpeningOwner>;
  const streams = new Map<number, { readonly bags: AsyncIterator<Bag>; readonly port: MessagePort }>();

  return {
    async ready() {
      return true;
    },
    open: (options, port) =>
      answer(async () => {
        owner = wrap<OpeningOwner>(port); // kept for good: collecting the proxy would close its port
        const told = {
          ...options,
          onWarning: (message: string) => void owner.warn(message),
          onProgress: (done: number, total: number) => void owner.progress(done, total),
        } as CreateEmbedderOptions;
        const { encoder: source, placement, layout } = options;
        const isKnown = typeof source === 'object' && 'parts' in source;
        const found = isKnown
          ? await encoderOfParts(source.parts, { PatchEncoder, Whitening, onnxBags })
          : await encoderFrom(source as EncoderSource, told);
        const laid = layout ? laidOut(found, layout) : found;
        const encoder = placement ? laid.with({ placement }) : laid;
        const [{ device, threads, adapter }, opened] = await openBags(encoder, told);
        maker = opened;
        const { width, precision } = opened;
        return { parts: isKnown ? undefined : { ...found }, width, precision, engine: { device, threads, adapter } };
      }),
    begin(stream, request, port) {
      const bags = maker.of(imagesOf(wrap<ImageFeed>(port)), request)[Symbol.asyncIterator]();
      streams.set(stream, { bags, port });
    },
    async next(stream) {
      const found = await answer(async () => (await streams.get(stream)?.bags.next())?.value as Bag | undefined);
      const bag = 'value' in found ? found.value : undefined;
      const vectors = bag?.patches?.vectors.data;
      return hand(found, vectors ? [vectors.buffer as ArrayBuffer] : []);
    },
    async leave(stream) {
      const open = streams.get(stream);
      streams.delete(stream);
      await open?.bags.return?.();
      open?.port.close();
    },
    denseStride: () => answer(() => maker.denseStride()),
    dispose: () => maker.dispose(),
  };
}

async function* imagesOf(feed: Remote<ImageFeed>): AsyncGenerator<NumberedImage, void, void> {
  const coming: Promise<NumberedImage | undefined>[] = [];
  for (;;) {
    while (coming.length < AHEAD) coming.push(feed.next());
    const image = await coming.shift();
    if (!image) return;
    yield image;
  }
}
