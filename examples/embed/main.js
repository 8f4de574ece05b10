import { cosine, createEmbedder } from 'bagssl';

const [first, second] = document.querySelectorAll('img');
const embedder = await createEmbedder();
const [a, b] = [await embedder.embed(first), await embedder.embed(second)];
document.querySelector('#result').textContent = `Similarity: ${cosine(a, b).toFixed(3)}`;
