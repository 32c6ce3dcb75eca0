// A factory on loopback as a real one would be built: it verifies the signature over the raw body (Standard Webhooks), drops
// repeats by webhook-id, answers 204, and replies later through the API with its own key.
import { createServer, type Server } from 'node:http';
import { Webhook } from 'standardwebhooks';

export interface ReceivedSignal {
  readonly id: string;
  readonly version: number;
  readonly kind: string;
  readonly commitment: string;
  readonly replyUrl: string;
  /** Of a sample request: where its rounds are reported, and which one is asked for. */
  readonly roundsUrl?: string;
  readonly round?: number;
  readonly lines: readonly { readonly lineId: string; readonly sku: string; readonly quantity: number; readonly due: string }[];
}

export type Temper = 'accept' | 'counter' | 'silent';

export interface SimulatedFactory {
  readonly url: string;
  readonly received: readonly ReceivedSignal[];
  readonly refused: number;
  /** Once the service has given them: the webhook secret and the factory's own API key. */
  equip(secret: string, key: string): void;
  close(): Promise<void>;
}

const addDays = (date: string, days: number): string => new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);

/** Takes three fifths on the day asked and the rest four days later. */
function counterOf(signal: ReceivedSignal): object {
  return {
    version: signal.version, verdict: 'counter', note: 'three fifths in time, the rest four days later',
    lines: signal.lines.map((l) => {
      const first = Math.ceil(l.quantity * 0.6);
      const splits = l.quantity - first > 0 ? [{ quantity: first, date: l.due }, { quantity: l.quantity - first, date: addDays(l.due, 4) }] : [{ quantity: first, date: l.due }];
      return { lineId: l.lineId, verdict: 'counter', splits };
    }),
  };
}

export async function openFactory(temper: Temper, thinkingMs = 300): Promise<SimulatedFactory> {
  const received: ReceivedSignal[] = [];
  const seen = new Set<string>();
  let refused = 0;
  let secret = '';
  let key = '';
  const say = (url: string, body: object): Promise<unknown> =>
    fetch(url, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify(body) }).catch(() => undefined);
  const answer = async (signal: ReceivedSignal): Promise<void> => {
    if (temper === 'silent') return;
    if (signal.roundsUrl !== undefined) {
      await say(signal.replyUrl, { version: signal.version, verdict: 'accept' });
      await say(`${signal.roundsUrl}/${signal.round ?? 1}`, { step: 'shipped', trackingNumber: `SF-${signal.id}` });
      return;
    }
    // A heads-up is acknowledged; only a firm change is negotiated.
    const counter = temper === 'counter' && signal.commitment === 'firm';
    await say(signal.replyUrl, counter ? counterOf(signal) : { version: signal.version, verdict: 'accept' });
  };
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks).toString('utf8');
      try {
        const event = new Webhook(secret).verify(raw, request.headers as Record<string, string>) as { id: string; type: string; data: ReceivedSignal };
        response.writeHead(204).end();
        if (seen.has(event.id)) return;
        seen.add(event.id);
        received.push(event.data);
        // A chargeback is for its accounts department.
        if (event.type !== 'castline.chargeback.v1') setTimeout(() => void answer(event.data), thinkingMs);
      } catch {
        refused++;
        response.writeHead(401).end();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/castline`, received,
    get refused() {
      return refused;
    },
    equip: (newSecret, newKey) => {
      secret = newSecret;
      key = newKey;
    },
    close: () => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    }),
  };
}
