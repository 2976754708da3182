// What does the pseries target say of itself, and which QEMU is behind it?

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LAWS } from '../../../conformance/index.js';
import { OPERATIONS } from '../../../conformance/targets/pseries/calls.js';
import { ALWAYS } from '../../../conformance/targets/pseries/command-line.js';
import { type Launch, PseriesSystem } from '../../../conformance/targets/pseries/system.js';
import { type About, Responder } from '../../../conformance/targets/responder.js';
import { lawNamed } from '../../../conformance/trace/laws.js';
import { ANY } from '../../../spec/protocol/target.js';
import { endsWithUs } from '../ends-with-us.js';
import type { Found } from '../qemu/find.js';
import { launch } from '../qemu/process.js';

export const PROFILE = 'spapr-tce';
/** What QEMU is, of what the sources argue about. */
export const POLICIES = { dialect: 'qemu' } as const;

const aboutOf = (qemu: Found): About => ({
  name: "QEMU's pseries machine",
  version: qemu.version,
  machine: ANY,
  policies: POLICIES,
  operations: OPERATIONS,
  observes: ['guestWindows'],
  reset: 'slow',
});

/** Starts that QEMU; what lies in a machine's memory at first is a file until this process ends. */
export function launcher(qemu: Found): Launch {
  const folder = mkdtempSync(join(tmpdir(), 'iommu-spec-pseries-'));
  const image = join(folder, 'image');
  endsWithUs(() => rmSync(folder, { recursive: true, force: true }));
  return (line, bytes) => {
    writeFileSync(image, Uint8Array.from(bytes));
    return launch(qemu, [...line.arguments, ...ALWAYS], image);
  };
}

/** A target and what is to be done when it is not needed any more. */
export interface Target {
  readonly responder: Responder;
  end(): Promise<void>;
}

export function pseriesTarget(qemu: Found): Target {
  const system = new PseriesSystem(launcher(qemu));
  return {
    responder: new Responder(lawNamed(LAWS, PROFILE), aboutOf(qemu), system),
    end: () => system.end(),
  };
}
