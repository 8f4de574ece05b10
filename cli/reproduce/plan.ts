import type { Claim } from './findings.ts';
import { FIXED, MULTI_CROP, type Subject } from './subjects.ts';

/** How the time is divided, in seconds. */
export interface TimePlan {
  readonly subjects: readonly Subject[];
  readonly seeds: number;
  readonly training: number;
  readonly accuracy: number;
  readonly c4: number;
  readonly maps: number;
}

/** Shares of the time: half goes to training. */
const SHARES = { training: 50, accuracy: 36, c4: 6, maps: 8 } as const;
/** From this many minutes on, three seeds get enough patches to learn from. */
const THREE_SEEDS = 10;
/** Seconds for opening, compiling and writing. */
const OVERHEAD = 10;

/** Divides `minutes` among what the claims need. */
export function planTime(claims: readonly Claim[], minutes: number, seeds?: number): TimePlan {
  const asks = (...some: Claim[]) => some.some((claim) => claims.includes(claim));
  const subjects = [
    ...(asks('C2') ? FIXED : asks('C5', 'C7') ? FIXED.slice(0, 1) : []),
    ...(asks('C2', 'C4', 'C5', 'C6', 'C7') ? [MULTI_CROP] : []),
  ];
  const parts = {
    training: subjects.length > 0 ? SHARES.training : 0,
    accuracy: asks('C2', 'C6') ? SHARES.accuracy : 0,
    c4: asks('C4') ? SHARES.c4 : 0,
    maps: asks('C5', 'C7') ? SHARES.maps : 0,
  };
  const whole = Object.values(parts).reduce((sum, part) => sum + part, 0) || 1;
  const seconds = Math.max(0.5 * 60 * minutes, 60 * minutes - OVERHEAD);
  const of = (part: number) => (seconds * part) / whole;
  return {
    subjects,
    seeds: seeds ?? (minutes >= THREE_SEEDS && asks('C2', 'C6') ? 3 : 1),
    training: of(parts.training),
    accuracy: of(parts.accuracy),
    c4: of(parts.c4),
    maps: of(parts.maps),
  };
}
