// Does the law's own walker, which knows only its tables of fields, read in memory what the engine wrote there?

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TableArena } from '../../impl/paging/arena.js';
import { type ArmChoice, arm } from '../../impl/paging/arm.js';
import type { Format } from '../../impl/paging/format.js';
import * as formats from '../../impl/paging/formats.js';
import { Layout } from '../../impl/paging/layout.js';
import { newPageTable } from '../../impl/paging/specialise.js';
import { formatNamed } from '../../spec/hardware/formats/formats.js';
import { walk } from '../../spec/hardware/formats/walk.js';
import { memoryOf } from './paging-formats.js';
import { seedOf } from './seed.js';

const armed = (
  stage: ArmChoice['stage'],
  granule: ArmChoice['granule'],
  bits: number,
  contiguous = false,
): Format => arm({ stage, granule, inputBits: bits, outputBits: bits, contiguous });

/**
 * By the law's names. `arm-s2-64k-44` is not here: its root has two tables beside each other, which that size of
 * addresses may have and Linux does not give it.
 */
const PAIRS: readonly (readonly [string, Format])[] = [
  ['vtd-ss-3', formats.vtdSecondStage(2)],
  ['vtd-ss-4', formats.vtdSecondStage(3)],
  ['vtd-ss-5', formats.vtdSecondStage(4)],
  ['vtd-fs-4', formats.vtdFirstStage(3)],
  ['vtd-fs-5', formats.vtdFirstStage(4)],
  ['amd-v1-3', formats.amdV1],
  ['amd-v1-4', formats.amdV1],
  ['amd-v1-6', formats.amdV1],
  ['amd-v2-4', formats.amdV2(3)],
  ['amd-v2-5', formats.amdV2(4)],
  ['arm-s1-4k', armed(1, 4, 48)],
  ['arm-s1-4k', armed(1, 4, 48, true)],
  ['arm-s1-16k', armed(1, 16, 48, true)],
  ['arm-s1-64k', armed(1, 64, 48)],
  ['arm-s1-64k-52', armed(1, 64, 52)],
  ['arm-s2-4k', armed(2, 4, 48)],
  ['arm-s2-4k-40', armed(2, 4, 40)],
  ['arm-s2-16k', armed(2, 16, 48)],
  ['arm-s2-64k', armed(2, 64, 48, true)],
  ['riscv-sv39', formats.riscv(2)],
  ['riscv-sv48', formats.riscv(3)],
  ['riscv-sv57', formats.riscv(4)],
  ['riscv-sv39x4', formats.riscv(2, { x4: true })],
  ['riscv-sv48x4', formats.riscv(3, { x4: true })],
  ['riscv-sv57x4', formats.riscv(4, { x4: true })],
];

test('each table that the engine makes is read by the law, page by page, for reads and for writes', t => {
  let state = seedOf(t) | 1;
  const next = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 2 ** 32) * below);
  };
  for (const [name, format] of PAIRS) {
    const law = formatNamed(name);
    const layout = new Layout(format);
    const { pageShift } = format;
    const bytes = 2 ** (10 + pageShift);
    const arena = new TableArena({ pages: 1024, pageShift, base: 2 ** format.outputBits - bytes });
    const table = newPageTable(arena, layout);
    assert.ok(typeof table !== 'number');
    // A root that grows is as high as the law's.
    while (table.top + 1 < law.levels.length) table.grow();
    const limit =
      Math.min(layout.inputPages, 2 ** 52, table.capacity) / (format.signExtended === true ? 2 : 1);
    const memory = memoryOf(table);
    let mapped = 0;
    for (let i = 0; i < 120; i++) {
      const size = layout.sizes[next(layout.sizes.length)]!;
      const pages = Math.min(2 ** size + (next(3) === 0 ? next(2 ** Math.min(size, 9)) : 0), limit / 2);
      const far = next(limit - pages);
      const iova = next(4) === 0 ? far : far - (far % 2 ** size);
      const out = next(layout.outputPages - pages);
      const code = table.map(iova, next(3) === 0 ? out : out - (out % 2 ** size), pages, 1 + next(3));
      mapped += code === 0 ? 1 : 0;
      if (next(5) === 0) table.unmap(iova, pages);
      for (const page of [iova, iova + pages - 1, iova + next(pages), next(limit), iova + pages].filter(
        p => p < limit,
      )) {
        const offset = next(2 ** pageShift);
        const input = (BigInt(page) << BigInt(pageShift)) + BigInt(offset);
        const expected = table.walk(page);
        const [, , prot, found] = arena.found;
        for (const access of ['read', 'write'] as const) {
          const said = walk(law, memory, BigInt(table.rootAddress), input, access);
          if (expected < 0)
            assert.deepEqual([name, said.is === 'fault' && said.fault], [name, 'not-present']);
          else if ((prot! & (access === 'read' ? 1 : 2)) === 0) {
            // A read-only leaf of RISC-V lacks D, too; the order of two defects of one entry is not the architecture's.
            const faults = format.addressShift === 2 ? ['permission', 'dirty-flag'] : ['permission'];
            assert.ok(said.is === 'fault' && faults.includes(said.fault), `${name}: ${said.is}`);
          } else {
            assert.ok(said.is === 'translated', `${name}: ${said.is}`);
            assert.equal(said.paddr, (BigInt(expected) << BigInt(pageShift)) + BigInt(offset), name);
            // A hint is no size for the law: its leaves stay single ones.
            if (format.contiguous.by !== 'hint') assert.equal(said.size, found! + pageShift, name);
          }
        }
      }
    }
    assert.ok(mapped > 15, `${name}: ${mapped} maps`);
  }
});
