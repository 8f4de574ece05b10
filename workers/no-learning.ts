/** In place of what learns and applies whitenings in the worker that embeds, whose script is held to a size: the page has it, too. */
function never(): never {
  throw new Error('A whitening is not learnt in a worker.');
}

export { never as learnWhitening, never as whitenRows };
