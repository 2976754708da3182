// How is a service of the firmware called, and what are its statuses called?

import type { Host } from '../qtest/host.js';
import { at32, cell32, read, write } from './bytes.js';
import type { Layout } from './stub.js';

const NAMES: { readonly [status: string]: string } = {
  '-1': 'RTAS_HW_ERROR',
  '-2': 'RTAS_BUSY',
  '-3': 'RTAS_PARAM_ERROR',
};

/** The name of a status that is not success. */
export const rtasStatus = (status: number): string =>
  NAMES[String(status)] ?? (status < 0 ? `RTAS_STATUS_MINUS_${-status}` : `RTAS_STATUS_${status}`);

export interface Served {
  /** Signed; the first of the outputs. */
  readonly status: number;
  /** The outputs behind the status. */
  readonly outputs: readonly number[];
  readonly log: readonly string[];
}

/** So that a service that writes fewer outputs than it was asked for is seen, and not taken for its predecessor. */
const UNWRITTEN = 'ffff8000';

/** With `outputs` outputs, the status among them; QEMU writes the status also where none is asked for. */
export async function rtas(
  host: Host,
  layout: Layout,
  service: string,
  inputs: readonly (bigint | number)[],
  outputs: number,
): Promise<Served> {
  const cells = Math.max(1, outputs);
  await write(host, layout.results, UNWRITTEN.repeat(cells));
  if (inputs.length > 0) await write(host, layout.arguments, inputs.map(cell32).join(''));
  const at = (address: bigint): string => `0x${address.toString(16)}`;
  const { log } = await host.command(
    `rtas ${service} ${inputs.length} ${at(layout.arguments)} ${outputs} ${at(layout.results)}`,
  );
  const seen = await read(host, layout.results, 4 * cells);
  const values = Array.from({ length: cells }, (_, i) => at32(seen.digits, 4 * i));
  return { status: values[0]! | 0, outputs: values.slice(1), log: [...log, ...seen.log] };
}
