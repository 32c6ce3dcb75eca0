// What a world's past returns teach, pooled over all that it sells: how long they take to come, how long they take to the shelf,
// and how many of them can be sold again. Reading it costs a scan of months, so a process remembers it for a while.
import { Injectable } from '@nestjs/common';
import { Remembered, type Tx } from '../kernel/index.js';
import { patternOf, type Lag } from './math/index.js';
import * as store from './history.repository.js';

export const HORIZON_DAYS = 60;
const REMEMBER_MS = 600_000;
/** Below this many returns nothing is known of their lag. */
const RETURNS_FOR_LAG = 50;
/** Days from the request to the shelf where nobody has seen enough of them: a parcel's way and two days on the bench. */
const USUAL_SHELF_DAYS = 7;
const CASES_FOR_SHELF = 20;

export interface ReturnHistory {
  /** undefined where too little came back to say. */
  readonly lag: Lag | undefined;
  /** Share of what is sold that comes back in the end. */
  readonly rate: number;
  /** Days within which four fifths of returned goods were inspected, from the request on. */
  readonly shelfDays: number;
  /** Share of units asked back that could be sold again. */
  readonly usable: number;
}

@Injectable()
export class HistoryService {
  private readonly known = new Remembered<ReturnHistory>(REMEMBER_MS, 2);

  async of(tx: Tx, world: 'live' | 'replay', now: Date): Promise<ReturnHistory> {
    return (await this.known.get(world, () => this.read(tx, world, now))) as ReturnHistory;
  }

  private async read(tx: Tx, world: 'live' | 'replay', now: Date): Promise<ReturnHistory> {
    const [cohorts, shelf, fate] = await Promise.all([store.pooledCohorts(tx, world, now, HORIZON_DAYS), store.shelfDays(tx, world, now), store.fateOf(tx, world, null, now)]);
    const sold = cohorts.reduce((s, c) => s + c.sold, 0);
    const returned = cohorts.reduce((s, c) => s + c.returned.reduce((x, r) => x + r.units * r.cases, 0), 0);
    const pattern = returned < RETURNS_FOR_LAG ? undefined : patternOf([cohorts], HORIZON_DAYS);
    const rate = pattern?.rate ?? (sold === 0 ? 0 : returned / sold);
    return {
      lag: pattern?.lag, rate: Math.min(0.95, rate), shelfDays: shelf.cases < CASES_FOR_SHELF ? USUAL_SHELF_DAYS : Math.max(1, Math.ceil(shelf.days)), usable: (fate.usable + 1) / (fate.usable + fate.lost + 2),
    };
  }
}
