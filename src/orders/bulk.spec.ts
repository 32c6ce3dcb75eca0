import { BulkIntake } from './bulk.js';
import type { OrderEvent } from './math/settle.js';

const line = (i: number): string => JSON.stringify({ event_id: `e${i}`, occurred_at: '2026-11-20T12:00:00Z', shop: 's', order_id: `o${i}`, line_id: '1', sku: 'A', quantity: 1, unit_price: 1, currency: 'CNY', type: 'paid' });
const busy = (): Error => Object.assign(new Error('deadlock'), { code: '40P01' });

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < text.length; i += 65_536) yield await Promise.resolve(Buffer.from(text.slice(i, i + 65_536)));
}

function intake(fails: (first: OrderEvent) => boolean): { bulk: BulkIntake; stored: Set<string> } {
  const stored = new Set<string>();
  const bulk = new BulkIntake({
    hashBuyer: (_shop, buyer) => buyer, inScope: () => Promise.resolve(true),
    take: async (events) => {
      await Promise.resolve();
      if (fails(events[0] as OrderEvent)) throw busy();
      for (const e of events) stored.add(e.eventId);
      return events.map(() => ({ kind: 'accepted' as const }));
    },
  });
  return { bulk, stored };
}

const answered = async (bulk: BulkIntake, body: string, format: 'json' | 'ndjson'): Promise<{ status: number; extra: { lastLine: number; accepted: number } }> =>
  bulk.take(bytes(body), format).then(() => { throw new Error('it was taken'); }, (error: unknown) => error as never);

describe('a bulk upload that breaks', () => {
  const cutOff = `[${Array.from({ length: 5_000 }, (_, i) => line(i + 1)).join(',')}`;
  it('says where it broke once everything before was kept', async () => {
    const { bulk, stored } = intake(() => false);
    const error = await answered(bulk, cutOff, 'json');
    expect([error.status, error.extra.accepted, stored.size]).toEqual([400, 5_000, 5_000]);
  });
  it('never calls kept what a chunk that failed had in it, wherever the upload broke', async () => {
    const { bulk } = intake((first) => first.eventId === 'e1');
    const error = await answered(bulk, cutOff, 'json');
    expect([error.status, error.extra.lastLine]).toEqual([503, 0]);
  });
  it('counts what was kept up to the first chunk that failed', async () => {
    const { bulk } = intake((first) => first.eventId === 'e4001');
    const error = await answered(bulk, `${Array.from({ length: 9_000 }, (_, i) => line(i + 1)).join('\n')}\n`, 'ndjson');
    expect([error.status, error.extra.lastLine]).toEqual([503, 4_000]);
  });
});
