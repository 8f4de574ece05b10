import { type Html, html } from '../report/html.ts';
import { subset } from '../report/in-turn.ts';
import type { Figure, Findings, Verdict } from './findings.ts';
import { drawMaps } from './map-drawing.ts';
import { type NearestPatches, nearestPatches } from './nearest-patches.ts';
import { openPhotographs } from './photographs.ts';
import type { Setting } from './setting.ts';
import { seconds } from './setting.ts';
import { type Both, SPACES, type SpaceView, viewSpace } from './spaces.ts';
import type { Trained } from './train-all.ts';

const MOST = 60;
const LEAST = 5;

export interface MapsOptions {
  readonly data: string;
  readonly photos: string | undefined;
  /** Seconds. */
  readonly budget: number;
  readonly asked: { readonly c5: boolean; readonly c7: boolean };
  readonly made: string;
}

/** C5 and C7: similarity maps and their numbers in embedding and projection space. */
export async function reproduceMaps(
  setting: Setting,
  trained: readonly Trained[],
  { data, photos, budget, asked, made }: MapsOptions,
): Promise<Findings> {
  const { images, what } = await openPhotographs(data, photos, MOST);
  const few = subset(images, [0, Math.min(1, images.length - 1)]);
  const perImage = (await seconds(() => viewSpace(setting, trained[0], 'embedding', few))) / few.length;
  const afford = Math.floor(budget / (perImage * SPACES.length * trained.length));
  const count = Math.min(images.length, MOST, Math.max(LEAST, afford));
  const part = subset(
    images,
    Array.from({ length: count }, (_, i) => i),
  );
  const views: SpaceView[][] = [];
  for (const one of trained) {
    const pair: SpaceView[] = [];
    for (const space of SPACES) pair.push(await viewSpace(setting, one, space, part));
    views.push(pair);
  }
  const nearest = await nearestPatches(setting, trained[0], Math.min(400, 8 * count));
  const [{ boxes }] = views[0];
  const share = Math.round((100 * boxes[0][0].width) / ((await part.image(0)).width || 1));
  const note = `${what}; ${count} used; patches of ${share} % of the side, ${boxes[0].length} positions and 9 queries per image. Centred: the mean vector of all patches is subtracted first, because the embedding follows a ReLU and has no negative numbers; raw cosines are given too. Locality: share of Σ max(0, cosine) within one patch of the query. Invariance: mean cosine of a patch with itself mirrored, and recoloured or grey. ${made}`;
  const pictures: Figure[] = await Promise.all(
    views.map(async (pair) => ({
      id: `maps-${pair[0].trained.subject.id}`,
      caption: `C5, C7: similarity maps, ${pair[0].trained.subject.name}. ${note}`,
      file: false,
      body: await drawMaps(part, pair),
    })),
  );
  return {
    verdicts: [...(asked.c5 ? [c5(views)] : []), ...(asked.c7 ? [c7(views)] : [])],
    tables: [numbers(views, note), nearestTable(nearest, trained[0], note)],
    figures: [
      ...pictures,
      {
        id: 'nearest-patches',
        caption: `Middle patches of ${nearest[0].queries} test images (the first of each row) and the nearest patches of other images, ${trained[0].subject.name}; centred cosine. ${made}`,
        file: false,
        body: nearestPicture(nearest),
      },
    ],
  };
}

const invariance = ({ figures: { flip, colour } }: SpaceView, kind: keyof Both): number =>
  (flip[kind] + colour[kind]) / 2;

function numbers(views: readonly (readonly SpaceView[])[], note: string) {
  return {
    id: 'spaces',
    title: 'C5, C7: locality and invariance of embedding and projection space',
    columns: [
      'encoder',
      'space',
      'locality',
      'invariance',
      'to a flip',
      'to colour',
      'locality, raw',
      'invariance, raw',
      'a flat map’s locality',
    ],
    rows: views
      .flat()
      .map((view) => [
        view.trained.subject.name,
        view.space,
        view.figures.locality.centred,
        invariance(view, 'centred'),
        view.figures.flip.centred,
        view.figures.colour.centred,
        view.figures.locality.raw,
        invariance(view, 'raw'),
        view.figures.flat,
      ]),
    note,
  };
}

function nearestTable(nearest: readonly NearestPatches[], { subject }: Trained, note: string) {
  return {
    id: 'nearest-patches',
    title: 'Nearest patches of other images: how many come from the query’s class',
    columns: ['encoder', 'space', 'queries', 'share of the 8 nearest from the same class'],
    rows: nearest.map(({ space, queries, right }) => [subject.name, space, queries, right]),
    note,
  };
}

const nearestPicture = (nearest: readonly NearestPatches[]): Html =>
  html`<div class="curves">${nearest.map(({ space, picture }) => html`<figure><figcaption><b>${space}</b></figcaption>${picture}</figure>`)}</div>`;

function c5(views: readonly (readonly SpaceView[])[]): Verdict {
  // Local: clearly more mass near the query than in a flat map. Invariant: a changed patch is closer to itself than halfway to
  // an unrelated one.
  const found = views.map(([embedding, projection]) => ({
    name: embedding.trained.subject.name,
    locality: embedding.figures.locality.centred,
    flat: embedding.figures.flat,
    kept: invariance(projection, 'centred'),
  }));
  const local = found.every(({ locality, flat }) => locality > 1.5 * flat);
  const invariant = found.every(({ kept }) => kept > 0.5);
  return {
    claim: 'C5',
    statement: 'The representation is invariant globally and local at patch level',
    verdict: local && invariant ? 'reproduced' : local || invariant ? 'in part' : 'not reproduced',
    why: `${found.map(({ name, locality, flat, kept }) => `${name}: ${(100 * locality).toFixed(0)} % of a query's similarity is within one patch in embedding space (a flat map: ${(100 * flat).toFixed(0)} %), and a mirrored or recoloured patch agrees with itself by ${kept.toFixed(2)} in projection space`).join('; ')}. Local means 1.5 times a flat map's share or more, invariant a cosine above 0.5.`,
  };
}

function c7(views: readonly (readonly SpaceView[])[]): Verdict {
  const told = views.map(([embedding, projection]) => ({
    name: embedding.trained.subject.name,
    text: (kind: keyof Both) =>
      `invariance ${invariance(projection, kind).toFixed(3)} in projection and ${invariance(embedding, kind).toFixed(3)} in embedding space, locality ${projection.figures.locality[kind].toFixed(3)} and ${embedding.figures.locality[kind].toFixed(3)}`,
    holds: [
      invariance(projection, 'centred') > invariance(embedding, 'centred'),
      embedding.figures.locality.centred > projection.figures.locality.centred,
    ],
  }));
  const all = told.flatMap(({ holds }) => holds);
  const good = all.filter(Boolean).length;
  return {
    claim: 'C7',
    statement: 'Projection space is more invariant, embedding space more local',
    verdict: good === all.length ? 'reproduced' : good > 0 ? 'in part' : 'not reproduced',
    why: `${told.map(({ name, text, holds }) => `${name}: ${text('centred')} (raw: ${text('raw')}); projection more invariant: ${holds[0] ? 'yes' : 'no'}, embedding more local: ${holds[1] ? 'yes' : 'no'}`).join('. ')}.`,
  };
}
