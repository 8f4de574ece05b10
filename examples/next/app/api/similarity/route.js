import { cosine, createEmbedder } from 'bagssl';
import { pictures } from '../../pictures.js';

export const dynamic = 'force-dynamic';

/** Embeds on the server. */
export async function GET() {
  const embedder = await createEmbedder({ device: 'wasm' });
  const [a, b] = [await embedder.embed(pictures[0]), await embedder.embed(pictures[1])];
  await embedder.dispose();
  return new Response(`Similarity: ${cosine(a, b).toFixed(3)}`);
}
