import { BagsslError } from '../base/errors.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, namedFiles } from './checkpoint.ts';
import type { RunStore } from './run-store.ts';

/** A store holds a run if it has this blob: the newest checkpoint's JSON, which names the other blobs by digest. */
export const RUN_FILE = 'run.json';
/** The previous checkpoint. */
const BEFORE = 'run.before.json';

const blobs = ({ tensors, encoder }: { tensors: string; encoder?: string }) => ({
  tensors: `state-${tensors}.safetensors`,
  encoder: encoder === undefined ? undefined : `encoder-${encoder}.onnx`,
});
const OWN = /^(state-[0-9a-f]*\.safetensors|encoder-[0-9a-f]*\.onnx|run(\.before)?\.json)(\.part)?$/;

/**
 * Writes a checkpoint into a store. The large blobs are written first, under unique names. Then the newest JSON becomes the
 * previous one, and the new JSON takes its place. If the program dies at any point, even halfway through a write, one of the
 * two checkpoints is intact.
 */
export async function saveInto(store: RunStore, checkpoint: Checkpoint): Promise<void> {
  const { json, tensors, encoder } = await encodeCheckpoint(checkpoint);
  const kept = blobs(await namedFiles(json, RUN_FILE));
  const there = await store.list();
  if (encoder && !(await isWhole(store, kept.encoder!, encoder))) await store.write(kept.encoder!, encoder);
  await store.write(kept.tensors, tensors);
  let before = there.includes(RUN_FILE) ? await readJson(store, RUN_FILE, true) : undefined;
  // A damaged newest checkpoint must not replace the previous one, which may be the only intact one.
  if (before !== undefined) await store.write(BEFORE, new TextEncoder().encode(before));
  else before = there.includes(BEFORE) ? await readJson(store, BEFORE) : undefined;
  await store.write(RUN_FILE, new TextEncoder().encode(json));
  const old = before === undefined ? undefined : blobs(await namedFiles(before, BEFORE));
  const needed = [RUN_FILE, BEFORE, kept.tensors, kept.encoder, old?.tensors, old?.encoder];
  for (const name of there) if (OWN.test(name) && !needed.includes(name)) await store.remove(name);
}

/**
 * The newest intact checkpoint of a store: the last one or, if that is damaged, the previous one, after a call to `warn`.
 * Undefined if the store has no checkpoint.
 * @throws BagsslError `bad-checkpoint` if no checkpoint is intact
 */
export async function newestIn(
  store: RunStore,
  warn: (message: string) => void = console.warn,
): Promise<Checkpoint | undefined> {
  const there = await store.list();
  const names = [RUN_FILE, BEFORE].filter((name) => there.includes(name));
  let damage: BagsslError | undefined;
  for (const name of names) {
    try {
      const checkpoint = await load(store, name);
      if (damage)
        warn(`${damage.message} Going on from the checkpoint before it, of step ${checkpoint.position.step}.`);
      return checkpoint;
    } catch (error) {
      if (!(error instanceof BagsslError)) throw error;
      damage ??= error;
    }
  }
  if (damage) throw damage;
  return undefined;
}

async function load(store: RunStore, name: string): Promise<Checkpoint> {
  const label = `${store.name}/${name}`;
  const json = new TextDecoder().decode((await store.read(name)) ?? new Uint8Array());
  const files = blobs(await namedFiles(json, label));
  const part = async (blob: string) => {
    const bytes = await store.read(blob);
    if (bytes) return bytes;
    throw new BagsslError('bad-checkpoint', `The checkpoint ${label} is not complete: ${blob} is missing.`);
  };
  const tensors = await part(files.tensors);
  const encoder = files.encoder === undefined ? undefined : await part(files.encoder);
  return decodeCheckpoint(json, tensors, label, encoder);
}

/**
 * The JSON, or undefined if it is damaged.
 * @param whole check the blobs it names, too
 */
async function readJson(store: RunStore, name: string, whole = false): Promise<string | undefined> {
  const json = new TextDecoder().decode((await store.read(name)) ?? new Uint8Array());
  try {
    await (whole ? load(store, name) : namedFiles(json, name));
    return json;
  } catch (error) {
    if (!(error instanceof BagsslError)) throw error;
    return undefined;
  }
}

async function isWhole(store: RunStore, name: string, bytes: Uint8Array): Promise<boolean> {
  const found = await store.read(name);
  return found?.length === bytes.length && found.every((byte, i) => byte === bytes[i]);
}
