import { detect } from '../lab/offline.js';
import { ndjsonOut, readingOf } from './results.js';

export async function runDetect(orders: string, options: { falseAlarmsPer1000SkuHours: number; bucket: number; onError: 'stop' | 'skip' }): Promise<void> {
  const out = ndjsonOut();
  await detect(orders, { falseAlarmsPer1000SkuHours: options.falseAlarmsPer1000SkuHours, bucketMs: options.bucket }, readingOf(options.onError), out.write);
  out.end();
}
