// What does a target of one of QEMU's IOMMUs say of itself, and which QEMU is behind it?
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LAWS } from '../../../conformance/index.js';
import type { EntryTally } from '../../../conformance/targets/qtest/entries.js';
import type { Judgeable, Launch } from '../../../conformance/targets/qtest/model.js';
import { entriesOn } from '../../../conformance/targets/qtest/system.js';
import { Responder } from '../../../conformance/targets/responder.js';
import { lawNamed } from '../../../conformance/trace/laws.js';
import { ANY } from '../../../spec/protocol/target.js';
import { endsWithUs } from '../ends-with-us.js';
import type { Found } from '../qemu/find.js';
import { launch } from '../qemu/process.js';
import type { Judged } from './kinds.js';

export const PROFILE = 'hardware';

/** Starts that QEMU; what its CPU begins with is a file until this process ends. */
function launcher(qemu: Found): Launch {
  const folder = mkdtempSync(join(tmpdir(), 'iommu-spec-model-'));
  const image = join(folder, 'image');
  endsWithUs(() => rmSync(folder, { recursive: true, force: true }));
  return (machine, bytes) => {
    writeFileSync(image, Uint8Array.from(bytes));
    return launch(qemu, machine, image);
  };
}

export interface ModelTarget {
  readonly responder: Responder;
  readonly system: Judgeable;
  /** Whether the entry of a device is read as the law's table says; undefined where none is known. */
  entries(): Promise<EntryTally | undefined>;
  end(): Promise<void>;
}

export function modelTarget(judged: Judged, qemu: Found): ModelTarget {
  const { title, operations, policies } = judged;
  const start = launcher(qemu);
  const system = judged.system(start);
  const about = {
    name: title,
    version: qemu.version,
    machine: ANY as typeof ANY,
    operations,
    reset: 'slow' as const,
    ...(policies === undefined ? {} : { policies }),
  };
  return {
    system,
    responder: new Responder(lawNamed(LAWS, PROFILE), about, system),
    entries: async () => judged.kind && entriesOn(judged.kind, Object.values(judged.machines)[0]!, start),
    end: () => system.end(),
  };
}
