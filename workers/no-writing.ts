/** In place of the writer of encoders in the worker that embeds, whose script is held to a size: the page has the encoder, too. */
function never(): never {
  throw new Error('An encoder is not written in a worker.');
}

export { never as encoderDigest, never as writeEncoder };
