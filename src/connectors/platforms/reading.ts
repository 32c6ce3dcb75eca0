// Reads one record of a message or an answer: what it does not say sets it aside alone, named by field, and its neighbours are read.
import { optionalId, Unreadable, type Fields } from './payload.js';
import type { Entity, Heard } from './platform.js';

export function reading(entity: Entity | 'message', id: string, document: unknown, work: () => readonly Heard[]): readonly Heard[] {
  try {
    return work();
  } catch (error) {
    if (error instanceof Unreadable) return [{ kind: 'unreadable', entity, id, reason: error.message, document }];
    throw error;
  }
}

/** What a record that may not be readable is called where it is set aside. */
export function calledBy(fields: Fields, ...names: readonly string[]): string {
  for (const name of names) {
    try {
      const id = optionalId(fields, name);
      if (id !== null) return id;
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
    }
  }
  return 'without-id';
}
