// Does one of QEMU's IOMMUs read the entry of a device as the law's table of fields says? Every vector of a structure is tried.
import { STRUCTURES } from '../../../spec/hardware/structures/structures.js';
import { type StructureVector, vectorsOfStructure } from '../../../spec/hardware/structures/vectors.js';
import type { Bus } from './bus.js';
import type { EntrySite, KnownEntry, Recorded } from './entry-site.js';
import { Died } from './host.js';
import type { Model } from './model.js';

export interface EntryTally {
  readonly structure: string;
  readonly vectors: number;
  readonly right: number;
  readonly known: ReadonlyMap<KnownEntry, number>;
  /** Vectors that were answered otherwise, in words. */
  readonly wrong: readonly string[];
}

/** Somewhere in the first pages: what a walk finds there is nobody's business. */
const IOVA = 0x1000n;

/** A running model, and how it is ended. */
export interface Started {
  readonly bus: Bus;
  readonly model: Model;
  end(): Promise<void>;
}

/** Writes the vector where a request meets it, forgets what was cached, and looks at what a read records. */
async function recordedOf({ bus, model }: Started, at: bigint, vector: StructureVector): Promise<Recorded> {
  try {
    await bus.write(at, vector.words);
    await model.submit({ is: 'context', device: 0 });
    await model.submit({ is: 'iotlb', leaf: false });
    await model.faults();
    await model.devices[0]!.move('read', IOVA);
    return (await model.faults())[0]?.code;
  } catch (error) {
    if (!(error instanceof Died)) throw error;
    return 'died';
  }
}

/** Tries every vector; after one that ends QEMU goes on with another one. */
export async function entriesRead(start: () => Promise<Started>, site: EntrySite): Promise<EntryTally> {
  const structure = STRUCTURES.find(s => s.name === site.structure)!;
  const vectors = vectorsOfStructure(structure);
  const known = new Map<KnownEntry, number>();
  const wrong: string[] = [];
  let right = 0;
  let running: Started | undefined;
  for (const vector of vectors) {
    running ??= await start();
    const code = await recordedOf(running, site.at, vector);
    if (code === 'died') {
      await running.end();
      running = undefined;
    }
    if (agrees(vector, code, site.flaws)) right++;
    else {
      const why = site.known.find(k => k.of(vector, code));
      if (why === undefined) wrong.push(`${vector.name}: ${told(vector)}, recorded ${numbered(code)}`);
      else known.set(why, (known.get(why) ?? 0) + 1);
    }
  }
  await running?.end();
  return { structure: site.structure, vectors: vectors.length, right, known, wrong };
}

/** A flaw has its number; what passes or is blocked leaves no record; what is translated leaves none of an entry. */
function agrees({ expect, code }: StructureVector, seen: Recorded, flaws: readonly number[]): boolean {
  if (expect.is === 'flaw') return seen === (code ?? undefined);
  if (seen === 'died') return false;
  if (expect.is === 'passes' || expect.is === 'blocks') return seen === undefined;
  return seen === undefined || !flaws.includes(seen);
}

const numbered = (code: Recorded): string =>
  code === 'died' ? 'nothing, and QEMU ended' : code === undefined ? 'nothing' : `0x${code.toString(16)}`;
const told = ({ expect, code }: StructureVector): string =>
  expect.is === 'flaw' ? `${expect.flaw} is ${numbered(code ?? undefined)}` : `it ${expect.is}`;
