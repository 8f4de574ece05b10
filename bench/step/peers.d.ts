// The engines for comparison are installed only when the bench runs; see bench/package.json.
declare module '@jax-js/jax';
declare module '@tensorflow/tfjs-backend-cpu';
declare module '@tensorflow/tfjs-backend-webgpu';
declare module '@tensorflow/tfjs-core/dist/register_all_gradients';
