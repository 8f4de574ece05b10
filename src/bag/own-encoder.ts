/** The encoder that comes with the package, beside this module. */
export const ownEncoder = () => new URL('./encoder.safetensors', import.meta.url);
