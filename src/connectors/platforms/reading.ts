// Reads one record of a message or an answer: what it does not say sets it aside alone, named by field, and its neighbours are read.
import { idOf, optionalId, Unreadable, type Fields } from './payload.js';
import { PlatformRefused } from './platform-http.js';
import type { Entity, Heard } from './platform.js';

export function reading(entity: Entity | 'message', id: string, document: unknown, work: () => readonly Heard[]): readonly Heard[] {
  try {
    return work();
  } catch (error) {
    if (error instanceof Unreadable) return [{ kind: 'unreadable', entity, id, reason: error.message, document }];
    throw error;
  }
}

/** The id of a record, null where it has none that can be read: the record is then unreadable, not the whole answer. */
export function idIn(fields: Fields, name: string): string | null {
  try {
    return idOf(fields, name);
  } catch {
    return null;
  }
}

/** An answer without the shape that all its records hang on is the platform's fault of the moment: asked for again. */
export async function asAnswered<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Unreadable) throw new PlatformRefused(`the answer is not what it should be: ${error.message}`, true);
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
