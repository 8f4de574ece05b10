/**
 * Notes whether anything copies from buffer to buffer, until the function that it returns is called, which says so. ORT replays the
 * kernels of a captured run and not its copies, which it makes where an output only renames another tensor.
 */
export function countCopies(): () => boolean {
  const { prototype } = GPUCommandEncoder;
  const { copyBufferToBuffer } = prototype;
  let copied = false;
  prototype.copyBufferToBuffer = function (this: GPUCommandEncoder, ...args: unknown[]) {
    copied = true;
    return (copyBufferToBuffer as (...args: unknown[]) => undefined).apply(this, args);
  };
  return () => {
    prototype.copyBufferToBuffer = copyBufferToBuffer;
    return copied;
  };
}
