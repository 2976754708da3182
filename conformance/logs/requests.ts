// Which call does a request number of VFIO ask for, on which kind of descriptor?
import type { Op } from '../../spec/protocol/vfio-type1.js';

/** The kinds of files that VFIO makes. */
export type Kind = 'container' | 'group' | 'device';

/** _IO(';', 100 + n), as strace names it. Some numbers have several names: the kind of the descriptor decides. */
const NAMES: { readonly [name: string]: number } = {
  VFIO_GET_API_VERSION: 0x64,
  VFIO_CHECK_EXTENSION: 0x65,
  VFIO_SET_IOMMU: 0x66,
  VFIO_GROUP_GET_STATUS: 0x67,
  VFIO_GROUP_SET_CONTAINER: 0x68,
  VFIO_GROUP_UNSET_CONTAINER: 0x69,
  VFIO_GROUP_GET_DEVICE_FD: 0x6a,
  VFIO_DEVICE_RESET: 0x6f,
  VFIO_IOMMU_GET_INFO: 0x70,
  VFIO_IOMMU_MAP_DMA: 0x71,
  VFIO_IOMMU_UNMAP_DMA: 0x72,
  VFIO_IOMMU_DIRTY_PAGES: 0x75,
};

const RAW = /^_IOC\((?:_IOC_NONE|0), 0x3b, 0x([0-9a-f]{2}), 0\)$/;
const BARE = /^0x3b([0-9a-f]{2})$/;

/** The number below 0x3b00 of a request as strace prints it; undefined: it is none of those that the law knows. */
export function numberOf(request: string): number | undefined {
  const raw = RAW.exec(request) ?? BARE.exec(request);
  if (raw !== null) return Number.parseInt(raw[1]!, 16);
  for (const name of request.split(' or ')) if (Object.hasOwn(NAMES, name)) return NAMES[name];
  return undefined;
}

export type Asked = Extract<
  Op['op'],
  | 'check_extension'
  | 'set_iommu'
  | 'group_status'
  | 'set_container'
  | 'unset_container'
  | 'get_device'
  | 'device_reset'
  | 'iommu_info'
  | 'map'
  | 'unmap'
  | 'dirty_pages'
>;

const ASKED: { readonly [number: number]: Asked } = {
  101: 'check_extension',
  102: 'set_iommu',
  103: 'group_status',
  104: 'set_container',
  105: 'unset_container',
  106: 'get_device',
  111: 'device_reset',
  112: 'iommu_info',
  113: 'map',
  114: 'unmap',
  117: 'dirty_pages',
};

/** Numbers that ask a device for something else, which is no business of this law. */
const OF_DEVICES = new Set([112, 113, 114, 117]);

/** What is asked for; undefined: something that the law does not speak of. */
export const askedOn = (kind: Kind, number: number): Asked | undefined =>
  kind === 'device' && OF_DEVICES.has(number) ? undefined : ASKED[number];

export function typeOf(n: bigint): 'type1' | 'type1v2' | 'nesting' | 'noiommu' | 'other' {
  return n === 1n ? 'type1' : n === 3n ? 'type1v2' : n === 6n ? 'nesting' : n === 8n ? 'noiommu' : 'other';
}

/** VFIO_CHECK_EXTENSION's argument. */
export function extensionOf(n: bigint): Extract<Op, { op: 'check_extension' }>['extension'] {
  if (n === 4n) return 'dma-cc';
  if (n === 9n) return 'unmap-all';
  if (n === 10n) return 'update-vaddr';
  return typeOf(n);
}
