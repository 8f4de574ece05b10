// Cloudflare Workers compile no WebAssembly at run time, so nothing is embedded there; vectors that come from elsewhere are searched.
import { createEmbedder, SearchIndex } from 'bagssl';

const index = new SearchIndex(3);
index.add('beach', Float32Array.of(1, 0, 0));
index.add('forest', Float32Array.of(0, 1, 0));

export default {
  async fetch(request) {
    const query = Float32Array.from(await request.json());
    const refused = await createEmbedder().then(
      () => 'it embeds',
      ({ code, message }) => `${code}: ${message}`,
    );
    return Response.json({ nearest: index.search(query, 1)[0].id, refused });
  },
};
