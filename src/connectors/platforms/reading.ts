// Reads one record of a message or an answer: what it does not say sets it aside alone, named by field, and its neighbours are read.
import { Unreadable } from './payload.js';
import type { Entity, Heard } from './platform.js';

export function reading(entity: Entity | 'message', id: string, document: unknown, work: () => readonly Heard[]): readonly Heard[] {
  try {
    return work();
  } catch (error) {
    if (error instanceof Unreadable) return [{ kind: 'unreadable', entity, id, reason: error.message, document }];
    throw error;
  }
}
