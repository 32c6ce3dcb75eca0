import 'reflect-metadata';
import { startService } from '../app.js';
import { configureLog, log, openSecrets, readConfiguration } from '../kernel/index.js';

export async function runServe(): Promise<void> {
  const configuration = readConfiguration();
  configureLog(configuration.logLevel);
  openSecrets(configuration);
  const starting = startService(configuration);
  // Before anything says that the service is up: whoever reads that may end it at once. During the start, the end follows it.
  const end = (signal: string): void => {
    log.info('stopping', { signal });
    starting.then((service) => service.stop()).then(
      () => process.exit(0),
      (error: unknown) => {
        log.error('stopping failed', { reason: (error as Error).message });
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', () => end('SIGTERM'));
  process.once('SIGINT', () => end('SIGINT'));
  const service = await starting;
  const { embedded, queues } = service.foundations;
  process.stdout.write(`Castline listens on ${service.url} (role ${configuration.role}, queues on ${queues.backend}${embedded === undefined ? '' : `, embedded PostgreSQL ${embedded.how} in ${embedded.folder}`})\n`);
  if (configuration.outboundAllow === 'loopback-http') process.stdout.write('OUTBOUND_ALLOW=loopback-http: signals may go to plain http on this machine; not for production\n');
  if (service.firstKey !== undefined) process.stdout.write(`First admin key, shown once: ${service.firstKey}\n`);
}
