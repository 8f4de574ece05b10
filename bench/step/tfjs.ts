import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-webgpu';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import * as core from '@tensorflow/tfjs-core';
import type { Candidate, Order } from './candidate.ts';
import { batchOf, type Network, type Start, startOf } from './networks.ts';

// The peers' types are not installed when this is type-checked.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Tensor = any;
const tf = core as Tensor;

/** The step in TensorFlow.js: its optimiser, its gradients, images in its order [N,H,W,C]. */
export async function tfjs(network: Network, { device }: Order): Promise<Candidate> {
  if (!(await tf.setBackend(device))) throw new Error(`TF.js has no backend "${device}" here`);
  await tf.ready();
  const weights: Record<string, Tensor> = {};
  for (const [name, { data, shape }] of Object.entries(startOf(network))) {
    const tensor = tf.tensor(data, [...shape]);
    weights[name] = tf.variable(shape.length === 4 ? tf.transpose(tensor, [2, 3, 1, 0]) : tensor);
  }
  const patches = fromPatches(batchOf(network));
  const optimizer = tf.train.sgd(network.rate);
  const step = () => optimizer.minimize(() => lossOf(network, weights, patches), true);
  return {
    threads: 1,
    async steps(count) {
      for (let k = 1; k < count; k++) step().dispose();
      const loss = step();
      const [value] = await loss.data();
      loss.dispose();
      return value;
    },
  };
}

const fromPatches = ({ data, shape }: Start): Tensor => tf.transpose(tf.tensor(data, [...shape]), [0, 2, 3, 1]);

function lossOf({ convolutions, norm, linears, images }: Network, weights: Record<string, Tensor>, patches: Tensor) {
  const normalised = (x: Tensor, name: string) => {
    const { mean, variance } = tf.moments(
      x,
      x.shape.slice(0, -1).map((_: number, axis: number) => axis),
    );
    return tf.batchNorm(x, mean, variance, weights[`${name}.bias`], weights[`${name}.weight`], 1e-5);
  };
  let x = patches;
  convolutions.forEach(({ stride }, k) => {
    x = tf.conv2d(x, weights[`encoder.${k}.conv.weight`], stride, 1);
    x = tf.relu(norm ? normalised(x, `encoder.${k}.bn`) : x);
  });
  x = tf.mean(x, [1, 2]);
  linears.forEach((_, k) => {
    x = tf.matMul(x, weights[`projector.${k}.linear.weight`]);
    if (k < linears.length - 1) x = tf.relu(normalised(x, `projector.${k}.bn`));
  });
  const z = tf.div(x, tf.sqrt(tf.add(tf.sum(tf.square(x), 1, true), 1e-12)));
  const [first, second] = tf.split(z, 2, 0);
  const same = tf.sum(tf.mul(first, second), 1);
  const all = tf.sum(tf.square(tf.matMul(first, second, false, true)));
  const repulsion = tf.div(tf.sub(all, tf.sum(tf.square(same))), images * (images - 1));
  return tf.sub(repulsion, tf.mul(tf.mean(same), 2));
}
