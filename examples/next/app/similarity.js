'use client';
import { cosine, createEmbedder } from 'bagssl';
import { useEffect, useState } from 'react';
import { pictures } from './pictures.js';

/** Embeds in the browser. */
export function Similarity() {
  const [text, setText] = useState('');
  useEffect(() => {
    compare().then(setText, ({ code, message }) => setText(`${code}: ${message}`));
  }, []);
  return <pre id="result">{text}</pre>;
}

async function compare() {
  const embedder = await createEmbedder({ device: 'wasm' });
  const [a, b] = [await embedder.embed(pictures[0]), await embedder.embed(pictures[1])];
  await embedder.dispose();
  return `Similarity: ${cosine(a, b).toFixed(3)}`;
}
