// What does a long trace file of a busy kernel look like: a network card in strict mode, line by line?

const RING = 256;
const hex = (n: number): string => n.toString(16);
const wide = (n: number): string => `0x${hex(n).padStart(16, '0')}`;

/** The text of a trace file with so many events or a few more, as Linux 6.12 prints them with VT-d. */
export function* kernelLines(events: number): Generator<string> {
  yield '# tracer: nop\n#\n';
  let written = 0;
  const line = (says: string): string =>
    `        ifconfig-135     [000] .....     ${(1 + ++written * 3e-6).toFixed(6)}: ${says}\n`;
  yield line('add_device_to_group: IOMMU: groupID=9 device=0000:00:09.0');
  yield line('cache_tag_assign: dmar0/dmar0 type iotlb did 9 pasid 0 ref 1');
  yield line('attach_device_to_domain: IOMMU: device=0000:00:09.0');
  const iova = (n: number): number => 0xfff00000 - (n % RING) * 0x1000;
  const phys = (n: number): number => 0x3600000 + (n % 1000) * 0x1000;
  for (let n = 0; written < events; n++) {
    const at = iova(n);
    const range = `iova=${wide(at)} - ${wide(at + 0x1000)}`;
    const flushed = `[0x${hex(at)}-0x${hex(at + 0xfff)}] addr 0x${hex(at)} pages 0x1 mask 0x0`;
    if (n >= RING) {
      yield line(`unmap: IOMMU: ${range} size=4096 unmapped_size=4096`);
      yield line(`cache_tag_flush_range: dmar0 dmar0[0] type iotlb did 9 ${flushed}`);
      yield line(`qi_submit: iotlb_inv dmar0: 0x900f2 0x${hex(at + 0x40)} 0x0 0x0`);
      yield line(`dma_unmap_page: 0000:00:09.0 dir=FROM_DEVICE dma_addr=${hex(at + 64)} size=1522 attrs=`);
    }
    yield line(`map: IOMMU: ${range} paddr=${wide(phys(n))} size=4096`);
    const buffer = `dma_addr=${hex(at + 64)} size=1522 phys_addr=${hex(phys(n) + 64)}`;
    yield line(`dma_map_page: 0000:00:09.0 dir=FROM_DEVICE ${buffer} attrs=`);
  }
}
