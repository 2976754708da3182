// Which real systems are offered as targets?
import type { Command } from 'commander';
import { type End, examples } from './shared.js';

export function addTarget(top: Command, end: End): void {
  top
    .command('target <name>')
    .description(
      "offer a real system as a target, on standard input and output: QEMU's pseries, vtd, smmuv3, riscv, amd or virtio; kernel (Linux in QEMU), powernv (Linux on POWER)",
    )
    .option('--qemu <version>', 'which QEMU, where there are several: 10.0, 7.2')
    .option('--kernel <kernel>', 'which Linux: 6.1, 6.12 or newest; of powernv 6.12 or 7.2 (default: 6.12)')
    .option(
      '--machine <machine>',
      'which devices the kernel target has: single, bridge, functions or whole (default: single)',
    )
    .addHelpText('after', examples("iommu-spec run --target 'exec:npx iommu-spec target pseries --qemu 7.2'"))
    .action(async (name, options) =>
      end(await (await import('../commands/system.js')).system(name, options)),
    );
}
