// The shapes of a shop's weeks over a file: each as the service would have learned it, from the days before it alone.
import { cappedOrders, dueShape, type ShopDay, type WeeklyShape } from '../../forecast/math/index.js';
import type { Arrivals } from './arrivals.js';

const DAY_MS = 86_400_000;
/** What a SKU usually sells in a day is its mean over so many days, or since its first order. */
const USUAL_DAYS = 28;

/** Adds what each day of a standing stream teaches of the week. */
function teach(taught: Map<number, number>, counted: readonly number[]): void {
  const first = Math.floor((counted[0] ?? 0) / DAY_MS);
  const days: ShopDay[] = [];
  let [sum, oldest] = [0, 0];
  for (let i = 0; i < counted.length; ) {
    const day = Math.floor((counted[i] as number) / DAY_MS);
    const from = i;
    while (i < counted.length && (counted[i] as number) < (day + 1) * DAY_MS) i++;
    for (let d = days[oldest]; d !== undefined && d.day < day - USUAL_DAYS; d = days[++oldest]) sum -= d.orders;
    const age = Math.min(USUAL_DAYS, day - first);
    taught.set(day, (taught.get(day) ?? 0) + cappedOrders(i - from, age > 0 ? sum / age : 0));
    days.push({ day, orders: i - from });
    sum += i - from;
  }
}

/** From the standing streams of one shop; ascending, up to the file's last day. */
export function shapesOf(standing: readonly Arrivals[]): WeeklyShape[] {
  const taught = new Map<number, number>();
  for (const { counted } of standing) teach(taught, counted);
  const days = [...taught].sort(([a], [b]) => a - b).map(([day, orders]): ShopDay => ({ day, orders }));
  const shapes: WeeklyShape[] = [];
  const [first, last] = [days[0]?.day ?? 0, days[days.length - 1]?.day ?? -1];
  for (let day = first; day <= last; day++) {
    const shape = dueShape(shapes[shapes.length - 1], days, day);
    if (shape !== undefined) shapes.push(shape);
  }
  return shapes;
}
