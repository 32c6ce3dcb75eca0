// One record that cannot be read does not fail its neighbours: it becomes quarantine, named by field.
import { idOf, Unreadable, type Fields } from './payload.js';
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
export async function asAnswered<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Unreadable) throw new PlatformRefused(`the answer is not what it should be: ${error.message}`, true);
    throw error;
  }
}
