import { invalid, queryText, type Query } from '../kernel/index.js';

/** Live shops follow the database's clock, replay shops the latest that they saw; the two never share stock, need or money. */
export type World = 'live' | 'replay';

/** The world that a reader asks for; live where it says nothing. */
export function worldOf(query: Query): World {
  const world = queryText(query, 'world') ?? 'live';
  if (world !== 'live' && world !== 'replay') throw invalid('world', 'must be live or replay');
  return world;
}
