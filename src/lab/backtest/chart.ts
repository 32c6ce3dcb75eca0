// What happened in a back-test as a page of its own: profits, and for each policy demand, goods made and what waited, day by day.
// One file without scripts or anything from elsewhere.
import { DAY_MS } from './clock.js';
import type { House } from './house.js';
import type { BacktestResult, PolicyName } from './run.js';

/** A day of one policy: cumulative units. */
export interface DaySeen {
  readonly day: number;
  readonly ordered: number;
  readonly made: number;
  readonly sold: number;
  readonly lost: number;
  readonly returned: number;
}

/** Looks at a house once a day. */
export function watcher(): { readonly see: (house: House) => void; readonly days: DaySeen[] } {
  const days: DaySeen[] = [];
  return {
    days,
    see: (house) => {
      const day = Math.floor(house.now / DAY_MS);
      const { made, sold, lost, returned } = house.account;
      const ordered = house.demand.reduce((s, d) => s + d.netPaid + d.cancelled, 0);
      if (days.at(-1)?.day === day) days.pop();
      days.push({ day, ordered, made, sold, lost, returned });
    },
  };
}

const escape = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const number = (n: number): string => Math.round(n).toLocaleString('en');

const LINES: readonly [keyof Omit<DaySeen, 'day'>, string, string][] = [
  ['ordered', 'paid 支付', '#7a7f87'], ['made', 'made 生产', '#0b6bcb'], ['sold', 'shipped 发货', '#1f7a1f'], ['lost', 'lost 流失', '#c41c1c'], ['returned', 'returned 退货', '#b26a00'],
];

function lineChart(days: readonly DaySeen[], shows: readonly (readonly [from: number, name: string])[]): string {
  const [w, h, left, bottom] = [720, 220, 60, 24];
  const first = days[0]?.day ?? 0;
  const last = Math.max(first + 1, days.at(-1)?.day ?? 1);
  const most = Math.max(1, ...days.flatMap((d) => LINES.map(([key]) => d[key])));
  const x = (day: number): number => left + ((day - first) / (last - first)) * (w - left - 10);
  const y = (n: number): number => 10 + (1 - n / most) * (h - bottom - 10);
  const marks = shows.map(([at, name]) => `<line x1="${x(at / DAY_MS).toFixed(1)}" x2="${x(at / DAY_MS).toFixed(1)}" y1="10" y2="${h - bottom}" stroke="#d6d9de"><title>${escape(name)}</title></line>`).join('');
  const paths = LINES.map(([key, , colour]) => `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${days.map((d) => `${x(d.day).toFixed(1)},${y(d[key]).toFixed(1)}`).join(' ')}"/>`).join('');
  const dates = [first, Math.round((first + last) / 2), last].map((d, i) => `<text x="${x(d).toFixed(1)}" y="${h - 6}" text-anchor="${['start', 'middle', 'end'][i] ?? 'middle'}">${new Date(d * DAY_MS).toISOString().slice(0, 10)}</text>`).join('');
  const scale = [0, 0.5, 1].map((s) => `<text x="${left - 6}" y="${(y(s * most) + 4).toFixed(1)}" text-anchor="end">${number(s * most)}</text>`).join('');
  return `<svg viewBox="0 0 ${w} ${h}" role="img" aria-label="units by day">${marks}<line x1="${left}" x2="${w - 10}" y1="${h - bottom}" y2="${h - bottom}" stroke="#7a7f87"/>${paths}${dates}${scale}</svg>`;
}

function profitChart(result: BacktestResult): string {
  const rows = result.policies.filter((p) => p !== null);
  const [w, row, left] = [720, 28, 130];
  const least = Math.min(0, ...rows.map((r) => r.profit));
  const span = Math.max(1, Math.max(0, ...rows.map((r) => r.profit)) - least);
  const x = (v: number): number => left + ((v - least) / span) * (w - left - 110);
  const bars = rows.map((r, i) => {
    const [a, b] = [x(0), x(r.profit)];
    const y = i * row + 6;
    return `<text x="${left - 8}" y="${y + 13}" text-anchor="end">${escape(r.name)}</text><rect x="${Math.min(a, b).toFixed(1)}" y="${y}" width="${Math.max(1, Math.abs(b - a)).toFixed(1)}" height="18" fill="${r.profit < 0 ? '#c41c1c' : '#0b6bcb'}"/><text x="${(Math.max(a, b) + 6).toFixed(1)}" y="${y + 13}">${number(r.profit)}</text>`;
  }).join('');
  return `<svg viewBox="0 0 ${w} ${rows.length * row + 8}" role="img" aria-label="profit by policy">${bars}</svg>`;
}

/** The page. `days` by policy as a watcher saw them; money in minor units of `currency`. */
export function chartOf(result: BacktestResult, days: ReadonlyMap<PolicyName, readonly DaySeen[]>, shows: readonly (readonly [from: number, name: string])[], currency: string): string {
  const legend = LINES.map(([, label, colour]) => `<span><i style="background:${colour}"></i>${label}</span>`).join(' ');
  const cells = (r: NonNullable<BacktestResult['policies'][number]>): string => [r.profit, r.revenue, r.made, r.sold, r.lost, r.late, r.leftOver, r.returned, r.resold, r.signals, r.samples].map((n) => `<td>${number(n)}</td>`).join('');
  const table = result.policies.filter((p) => p !== null).map((r) => `<tr><th scope="row">${escape(r.name)}</th>${cells(r)}</tr>`).join('');
  const share = (s: number | null): string => (s === null ? '–' : `${(100 * s).toFixed(1)} %`);
  const charts = [...days].map(([name, list]) => `<h2>${escape(name)}</h2>${lineChart(list, shows)}`).join('');
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Back-test 回测</title><style>
body{font:14px/1.5 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;margin:2rem auto;max-width:760px;padding:0 1rem;color:#1c1f23}svg{width:100%;height:auto;font-size:11px;fill:#3b4048}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;white-space:nowrap}td,th{padding:.2rem .6rem;text-align:right;border-bottom:1px solid #e3e5e8}th[scope=row]{text-align:left}
span{margin-right:1rem}i{display:inline-block;width:.8rem;height:.8rem;margin-right:.3rem}</style></head><body>
<h1>Back-test 回测</h1><p>Profit 利润, minor units of ${escape(currency)}. Share of the gap from making nothing 占差距: to the oracle 先知 ${share(result.gapToOracle)}, to the perfect prior 完美先验 ${share(result.gapToPerfectPrior)}.</p>
${profitChart(result)}
<div class="scroll"><table><thead><tr><th></th><th>profit 利润</th><th>revenue 收入</th><th>made 生产</th><th>sold 发货</th><th>lost 流失</th><th>late 迟发</th><th>left over 剩余</th><th>returned 退货</th><th>resold 再售</th><th>signals 信号</th><th>samples 样品</th></tr></thead><tbody>${table}</tbody></table></div>
<p>Units by day 每日件数, summed up; grey lines are broadcasts 直播. ${legend}</p>${charts}</body></html>
`;
}
