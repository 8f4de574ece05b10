import { blockUntilReady, defaultDevice, init, jit, lax, numpy as np, valueAndGrad } from '@jax-js/jax';
import type { Candidate, Order } from './candidate.ts';
import { batchOf, type Network, startOf } from './networks.ts';

/** An array; the peers' types are not installed when this is type-checked. */
// biome-ignore lint/suspicious/noExplicitAny: see above
type Array = any;
type Arrays = Record<string, Array>;

/** The step in jax-js, jitted as one function. An operation consumes its arrays; `.ref` keeps one. */
export async function jax(network: Network, { device }: Order): Promise<Candidate> {
  const found = await init(device);
  if (!found.includes(device)) throw new Error(`jax-js has no device "${device}" here`);
  defaultDevice(device);
  let weights: Arrays = {};
  for (const [name, { data, shape }] of Object.entries(startOf(network))) {
    weights[name] = np.array(data).reshape([...shape]);
  }
  const { data, shape } = batchOf(network);
  const patches = np.array(data).reshape([...shape]);
  const step = jit((before: Arrays, x: Array) => {
    const [loss, slopes] = valueAndGrad((w: Arrays) => lossOf(network, w, x))(mapped(before, (w) => w.ref));
    const after = Object.fromEntries(
      Object.keys(before).map((name) => [name, before[name].sub(slopes[name].mul(network.rate))]),
    );
    return { after, loss };
  });
  const next = () => {
    const { after, loss } = step(weights, patches.ref);
    weights = after;
    return loss;
  };
  return {
    // It always uses all of the platform's threads.
    threads: device === 'wasm' ? navigator.hardwareConcurrency : 1,
    async steps(count) {
      for (let k = 1; k < count; k++) next().dispose();
      const [value] = await next().data();
      // The loss is ready before the gradients.
      await blockUntilReady(mapped(weights, (w) => w.ref));
      return value;
    },
  };
}

const mapped = (arrays: Arrays, change: (array: Array) => Array): Arrays =>
  Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, change(array)]));

function lossOf({ convolutions, norm, linears, images }: Network, weights: Arrays, patches: Array): Array {
  const normalised = (x: Array, name: string) => {
    const axes = x.shape.flatMap((_: number, axis: number) => (axis === 1 ? [] : [axis]));
    const perChannel = (v: Array) =>
      v.reshape(x.shape.map((extent: number, axis: number) => (axis === 1 ? extent : 1)));
    const centred = x.ref.sub(np.mean(x, axes, { keepdims: true }));
    const variance = np.mean(np.square(centred.ref), axes, { keepdims: true });
    const scaled = centred.mul(np.reciprocal(np.sqrt(variance.add(1e-5)))).mul(perChannel(weights[`${name}.weight`]));
    return scaled.add(perChannel(weights[`${name}.bias`]));
  };
  const relu = (x: Array) => np.maximum(x, 0);
  let x = patches;
  convolutions.forEach(({ stride }, k) => {
    const border = [1, 1];
    x = lax.conv(x, weights[`encoder.${k}.conv.weight`], [stride, stride], [border, border]);
    x = relu(norm ? normalised(x, `encoder.${k}.bn`) : x);
  });
  x = np.mean(x, [2, 3]);
  linears.forEach((_, k) => {
    x = np.matmul(x, weights[`projector.${k}.linear.weight`]);
    if (k < linears.length - 1) x = relu(normalised(x, `projector.${k}.bn`));
  });
  const z = x.ref.div(np.sqrt(np.sum(np.square(x), 1, { keepdims: true }).add(1e-12)));
  const views = z.reshape([2, images, linears.at(-1)!]);
  const first = views.ref.slice(0);
  const second = views.slice(1);
  const same = np.sum(first.ref.mul(second.ref), 1);
  const all = np.sum(np.square(np.matmul(first, np.transpose(second))));
  const repulsion = all.sub(np.sum(np.square(same.ref))).mul(1 / (images * (images - 1)));
  return repulsion.sub(np.mean(same).mul(2));
}
