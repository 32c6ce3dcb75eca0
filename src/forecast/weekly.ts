// The shapes of shops' weeks: learned with standing sales at the start of a day, and remembered by who looks at streams. A shape is
// never changed: a stream that comes back after months passes each day as it was exposed then, however often it was looked at.
import type { Tx } from '../kernel/index.js';
import { allClocks } from '../orders/index.js';
import { dueShape, EVEN, TEACHING_DAYS, weeklyExposure, type Exposure, type ShopDay, type WeeklyShape } from './math/index.js';
import { changeExposures } from './exposures.repository.js';
import * as store from './weekly.repository.js';

const DAY_MS = 86_400_000;

/** Sums the days before `day` up (those since `from`) and sets new shapes where they are due. The lock is taken last: streams wait for the rest of this transaction only. */
export async function learnWeeks(tx: Tx, world: 'live' | 'replay', shops: readonly string[], from: number, day: number): Promise<void> {
  await store.sumUpShopDays(tx, world, shops, Math.max(from, day - TEACHING_DAYS), day, day - TEACHING_DAYS);
  const days = new Map<string, ShopDay[]>();
  for (const { shop, ...d } of await store.shopDays(tx, shops)) days.set(shop, [...(days.get(shop) ?? []), d]);
  const latest = new Map((await store.shapesSince(tx, shops.map((shop) => ({ shop, from: 0 })))).map(({ shop, ...shape }): [string, WeeklyShape] => [shop, shape]));
  const due = [...days].flatMap(([shop, list]) => {
    const shape = dueShape(latest.get(shop), list, day);
    return shape === undefined ? [] : [{ shop, shape }];
  });
  if (due.length === 0) return;
  await changeExposures(tx);
  // Meanwhile a day may have begun.
  const now = (await allClocks(tx)).reduce((last, c) => (c.clock === world && c.now !== null ? Math.max(last, c.now.getTime()) : last), 0);
  for (const { shop, shape } of due) await store.insertShape(tx, shop, { ...shape, from: Math.max(shape.from, Math.floor(now / DAY_MS) + 1) });
}

/** Shapes that this process has read. */
export class KnownShapes {
  private readonly shapes = new Map<string, readonly WeeklyShape[]>();

  /** How standing streams of these shops are exposed; to be read while exposures are held. */
  async exposures(tx: Tx, shops: readonly string[]): Promise<ReadonlyMap<string, Exposure>> {
    const known = shops.map((shop) => ({ shop, from: this.shapes.get(shop)?.at(-1)?.from ?? 0 }));
    for (const { shop, ...shape } of await store.shapesSince(tx, known)) this.shapes.set(shop, [...(this.shapes.get(shop) ?? []), shape]);
    return new Map(shops.map((shop) => {
      const shapes = this.shapes.get(shop);
      return [shop, shapes === undefined ? EVEN : weeklyExposure(shapes)];
    }));
  }
}
