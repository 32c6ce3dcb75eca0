// P8: back-tests of simulated worlds beside the cores: seconds a world, and whether it takes twice as long for twice as many.
import { availableParallelism } from 'node:os';
import { playAll } from '../dist/lab/trials/quantity.js';
import { quick } from './service.js';

const POLICIES = ['castline', 'none', 'naive', 'perfect-prior'];

export async function run() {
  const worlds = Number(process.env.BENCH_P8_WORLDS ?? (quick ? 4 : 20));
  const broadcasts = 20;
  const plays = (n) => Array.from({ length: n }, (_, i) => ({ family: 'cluster', seed: 5_000 + i, broadcasts, policies: POLICIES }));
  await playAll(plays(1), () => {});
  const timed = async (n) => {
    const began = process.hrtime.bigint();
    const cpu = process.cpuUsage();
    const played = await playAll(plays(n), () => {});
    const used = process.cpuUsage(cpu);
    return { seconds: Number(process.hrtime.bigint() - began) / 1e9, cpu: (used.user + used.system) / 1e6, orders: played.reduce((s, p) => s + p.orders, 0), played };
  };
  const half = await timed(worlds / 2);
  const whole = await timed(worlds);
  const perOrder = (t) => t.seconds / t.orders;
  const perWorld = whole.seconds / worlds;
  const growth = perOrder(whole) / perOrder(half);
  return {
    id: 'p8', title: 'back-tests of simulated worlds, four policies, simulation included',
    setup: { worlds, broadcasts, family: 'cluster', seedsFrom: 5_000, policies: POLICIES.join(' '), threads: availableParallelism() },
    rows: [
      { what: 'a world of 20 broadcasts, all threads', value: perWorld, unit: 's', reach: '<= 1', reached: perWorld <= 1 },
      { what: 'the same on one thread, processor time', value: whole.cpu / worlds, unit: 's' },
      { what: 'orders of a world, on average', value: whole.orders / worlds },
      { what: 'time per order, all worlds over half of them', value: growth, reach: '<= 1.2', reached: growth <= 1.2 },
    ],
    checks: [{ what: 'every world was played by every policy', ok: whole.played.every((p) => POLICIES.every((name) => Number.isFinite(p.profit[name]))), detail: `${whole.orders} orders` }],
    notes: ['the oracle is left out: it is a search over all quantities and takes as long as the others together'],
  };
}
