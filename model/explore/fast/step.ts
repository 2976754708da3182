// What does one record add to a fold?
import type { Entity } from './entities.js';

export type Step = (acc: unknown, row: unknown, ...args: readonly unknown[]) => unknown;

/** One step of a scan over the record that `code` stands for; an empty slot changes nothing. */
export function stepCode(
  entity: Entity,
  code: number,
  acc: unknown,
  step: Step,
  args: readonly unknown[],
): unknown {
  const row = entity.values[code];
  if (entity.field!.shape === 'table' && row === entity.field!.empty) return acc;
  return step(acc, row, ...args);
}
