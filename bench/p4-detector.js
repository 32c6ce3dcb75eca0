// P4: the detector in process: events a second on one core beside a pass that only parses the same rows, the 99th percentile of one
// event as the service takes it, and the bytes of a stream's state as it is stored.
import { join } from 'node:path';
import { percentile, spread } from './report.js';
import { quick, root, say } from './service.js';

const STREAMS = quick ? 60 : 300;
const DAYS = 3;

export async function run() {
  const { advanceStream, currentState, openStream, storedState } = await import(join(root, 'dist', 'forecast', 'math', 'index.js'));
  const { randomFrom } = await import(join(root, 'dist', 'kernel', 'math', 'index.js'));
  const { always, simulatedBins, DAY } = await import(join(root, 'dist', 'lab', 'trials', 'simulated-streams.js'));
  const random = randomFrom(4, 'p4');
  const none = { orders: 0, withdrawn: 0 };
  const streams = Array.from({ length: STREAMS }, (_, i) => simulatedBins(random, { peak: [0.1, 0.5, 2][i % 3], share: always, dispersion: 1.3 }, 0, DAYS * DAY));
  const events = streams.reduce((s, bins) => s + bins.reduce((n, b) => n + b.orders, 0), 0);
  const rows = streams.map((bins) => bins.map((b) => `${b.bin},${b.orders},${b.withdrawn}`).join('\n'));

  const parsed = [];
  const detected = [];
  let states = [];
  let read = 0;
  for (let repetition = 1; repetition <= (quick ? 2 : 5); repetition++) {
    say(`P4: repetition ${repetition}`);
    let began = process.hrtime.bigint();
    read = 0;
    for (const text of rows) for (const line of text.split('\n')) read += Number(line.split(',')[1]);
    parsed.push(events / (Number(process.hrtime.bigint() - began) / 1e9));
    began = process.hrtime.bigint();
    states = streams.map((bins) => advanceStream(openStream(bins[0].bin, { kind: 'standing' }), bins, DAYS * DAY, none).state);
    detected.push(events / (Number(process.hrtime.bigint() - began) / 1e9));
  }

  // One event at a time, from the stored text and back, as an assessment does at worst.
  const micros = [];
  const stored = [];
  const bytes = [];
  for (const [i, bins] of streams.slice(0, 30).entries()) {
    let state = states[i];
    let text = JSON.stringify(storedState(state));
    for (const { bin, orders } of bins.slice(0, 1_000)) {
      const next = [{ bin: bin + DAYS * DAY, orders, withdrawn: 0 }];
      const began = process.hrtime.bigint();
      const read = currentState(JSON.parse(text));
      const from = process.hrtime.bigint();
      state = advanceStream(read, next, bin + DAYS * DAY + 10_000, none).state;
      const to = process.hrtime.bigint();
      text = JSON.stringify(storedState(state));
      micros.push(Number(to - from) / 1e3);
      stored.push(Number(process.hrtime.bigint() - to + from - began) / 1e3);
    }
    bytes.push(Buffer.byteLength(text));
  }
  const p99 = percentile(micros, 0.99);
  const rate = spread(detected);
  const size = spread(bytes);
  return {
    id: 'p4', title: 'the detector, in process',
    setup: { streams: STREAMS, days: DAYS, events },
    rows: [
      { what: 'orders through the detector, one core', value: rate, unit: 'events/s', reach: '>= 500,000', reached: rate.median >= 500_000 },
      { what: 'a pass that only parses the same rows', value: spread(parsed), unit: 'events/s' },
      { what: 'one event at a time, 99th percentile', value: p99, unit: 'us', reach: '< 50', reached: p99 < 50 },
      { what: 'its state read from the stored text and written again, median', value: percentile(stored, 0.5), unit: 'us' },
      { what: 'state of a stream as it is stored (JSON)', value: size, unit: 'bytes', reach: '<= 200', reached: size.median <= 200 },
    ],
    checks: [{ what: 'both passes saw every order', ok: read === events && states.reduce((s, x) => s + x.counted, 0) === events, detail: `${events} orders` }],
    notes: [`base .1, .5 and 2 orders a minute, variance/mean 1.3, ${DAYS} days each; the state holds the orders and the exposure of 24 hours of the day, two bytes each at most`],
  };
}
