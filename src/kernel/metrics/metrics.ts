import { outboxHealth } from '../jobs/outbox.repository.js';
import type { Database } from '../database/database.js';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

export const registry = new Registry();
collectDefaultMetrics({ register: registry, prefix: 'castline_' });

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export const jobRuns = new Counter({ name: 'castline_job_runs_total', help: 'Runs of jobs by outcome', labelNames: ['job_name', 'outcome'], registers: [registry] });
export const jobSeconds = new Histogram({ name: 'castline_job_seconds', help: 'Duration of job runs', labelNames: ['job_name'], buckets: SECONDS, registers: [registry] });
export const outboxDue = new Gauge({ name: 'castline_outbox_due', help: 'Rows of work that have not ended', registers: [registry] });
export const outboxDead = new Gauge({ name: 'castline_outbox_dead', help: 'Dead letters', registers: [registry] });
export const outboxOldest = new Gauge({ name: 'castline_outbox_oldest_seconds', help: 'Age of the oldest row that nobody has tried yet', registers: [registry] });
export const requestSeconds = new Histogram({ name: 'castline_http_seconds', help: 'Duration of HTTP requests', labelNames: ['method', 'route', 'status'], buckets: SECONDS, registers: [registry] });
export const intakeEvents = new Counter({ name: 'castline_order_events_total', help: 'Order events by outcome', labelNames: ['outcome'], registers: [registry] });
export const signalDeliveries = new Counter({ name: 'castline_signal_deliveries_total', help: 'Attempts to deliver a signal', labelNames: ['outcome'], registers: [registry] });

/** The whole page in Prometheus' text format; the outbox is asked when it is asked for. */
export async function metricsText(database: Database): Promise<{ contentType: string; text: string }> {
  const health = await database.transaction(outboxHealth);
  outboxDue.set(health?.due ?? 0);
  outboxDead.set(health?.dead ?? 0);
  outboxOldest.set(health?.oldest_seconds ?? 0);
  return { contentType: registry.contentType, text: await registry.metrics() };
}
