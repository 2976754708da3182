// Which codecs belong to which profile? The protocol's half of the table of profiles.
import type * as t from 'io-ts';
import * as linuxDma from './linux-dma.js';
import * as vfio2011 from './vfio-2011.js';

/** How one profile's machine and operations are written down. */
export interface Vocabulary {
  readonly machine: t.Type<unknown, unknown, unknown>;
  readonly op: t.Type<unknown, unknown, unknown>;
}

const vocabulary = (machine: t.Mixed, op: t.Mixed): Vocabulary => ({ machine, op }) as Vocabulary;

export const VOCABULARIES: { readonly [profile: string]: Vocabulary } = {
  'vfio-2011': vocabulary(vfio2011.Machine, vfio2011.Op),
  'linux-dma': vocabulary(linuxDma.Machine, linuxDma.Op),
};
