// The files of the evaluation commands: read as streams, checked line by line; a bad line stops with file, line, column and reason.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { badLine, DomainError, formatOf, readTable, type Columns, type TableValue } from '../kernel/offline.js';
import { ORDER_COLUMNS, orderEventOf } from '../orders/offline.js';
import type { OrderEvent } from '../orders/math/index.js';
import { Identities } from './identities.js';

export type Report = (line: string) => void;
export type OnBadLine = 'stop' | 'skip';

/** What reading needs to know besides the file: where progress goes, and whether a bad line stops it. */
export interface Reading {
  readonly report: Report;
  readonly onError: OnBadLine;
}

const PROGRESS_LINES = 250_000;

/** Refuses files that are not there, and stdin for two of them. */
export function checkInputs(files: readonly (string | undefined)[]): void {
  if (files.filter((file) => file === '-').length > 1) throw new DomainError(422, 'stdin-twice', 'only one file can be stdin');
  for (const file of files) {
    if (file === undefined || file === '-') continue;
    if (!existsSync(file)) throw new DomainError(422, 'no-file', `${file}: no such file`);
    if (statSync(file).isDirectory()) throw new DomainError(422, 'no-file', `${file}: is a folder`);
  }
}

/** Reads a file (- is stdin). `visit` answers what is wrong with a line, as `column: reason`, or undefined. Answers the lines read. */
export async function readInput(file: string, columns: Columns, reading: Reading, visit: (values: TableValue[]) => string | undefined): Promise<number> {
  let lines = 0;
  const refuse = (line: number, error: DomainError): void => {
    if (reading.onError === 'stop') throw error;
    reading.report(error.message);
    void line;
  };
  const name = file === '-' ? 'stdin' : file;
  try {
    await readTable(
      file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 1 << 18 }), file === '-' ? undefined : formatOf(undefined, file), columns,
      (line, values) => {
        if (++lines % PROGRESS_LINES === 0) reading.report(`${name}: ${lines} lines read`);
        const fault = visit(values);
        if (fault === undefined) return;
        const at = fault.indexOf(': ');
        refuse(line, badLine(name, line, [{ field: fault.slice(0, at), detail: fault.slice(at + 2) }]));
      },
      (line, faults) => refuse(line, badLine(name, line, faults)),
    );
  } catch (error) {
    if (error instanceof DomainError && error.code === 'broken-file') throw new DomainError(422, error.code, `${name}: ${error.message}`);
    throw error;
  }
  return lines;
}

/** Order events of a file, each identity once; one that was used for something else is a bad line. @param identities those of files read before, where several are one history */
export async function readOrders(file: string, reading: Reading, visit: (event: OrderEvent) => void, identities = new Identities()): Promise<void> {
  let repeated = 0;
  const lines = await readInput(file, ORDER_COLUMNS, reading, (values) => {
    const event = orderEventOf(values);
    if ('fault' in event) return event.fault;
    // The identity is (shop, event_id); the content is compared as it is normalised. The id is the first of the columns.
    const seen = identities.see(event.shop, event.eventId, values, 1);
    if (seen === 'reused') return 'event_id: was used before for another event (event-id-reused)';
    if (seen === 'new') visit(event);
    else repeated++;
    return undefined;
  });
  reading.report(`${file === '-' ? 'stdin' : file}: ${lines} order events${repeated > 0 ? `, ${repeated} of them repeated` : ''}`);
}

/** The file turned out not to be in the order of its times. */
class OutOfOrder extends Error {}

/**
 * Order events in the order of their times, whatever the order of the file. `begin` answers a visitor: a file that is in order is
 * handed on while it is read; one that is not is read again from its start, kept and sorted (the ids decide between equal times).
 */
export async function inOrder(file: string, reading: Reading, begin: () => (event: OrderEvent) => void): Promise<void> {
  if (file !== '-') {
    const visit = begin();
    let now = -Infinity;
    try {
      await readOrders(file, reading, (event) => {
        if (event.occurredAt < now) throw new OutOfOrder();
        now = event.occurredAt;
        visit(event);
      });
      return;
    } catch (error) {
      if (!(error instanceof OutOfOrder)) throw error;
      reading.report(`${file} is not in the order of its times: it is read again and sorted`);
    }
  }
  const events: OrderEvent[] = [];
  await readOrders(file, reading, (event) => void events.push(event));
  events.sort((a, b) => a.occurredAt - b.occurredAt || (a.eventId < b.eventId ? -1 : a.eventId > b.eventId ? 1 : 0));
  const visit = begin();
  for (const event of events) visit(event);
}
