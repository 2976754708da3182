// Which machines and calls of iommu-core are well formed, and still refused because they refer to nothing?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, iommuCore, iommuCoreRaces } from '../../spec/protocol/index.js';

const INSTANCE = {
  driver: 'vtd',
  blocked: true,
  identity: true,
  pageSizes: '0x1000',
  iovaBits: 39,
  coherent: true,
  enforces: true,
  dirty: false,
  msi: true,
  pasids: 0,
  aux: false,
};
const device = (name: string, fields: object = {}) => ({
  name,
  bus: 0,
  instance: 0,
  group: 0,
  rid: name.charCodeAt(0),
  aliases: [],
  pasids: 0,
  direct: false,
  deferred: false,
  wants: 'any',
  parent: null,
  ...fields,
});
const machine = (devices: readonly object[], fields: object = {}) => {
  const decoded = decode(iommuCore.Machine, {
    instances: [INSTANCE, INSTANCE],
    groups: 2,
    devices,
    defaultType: 'dma',
    mms: 1,
    ...fields,
  });
  assert.ok(decoded.ok, decoded.ok ? '' : JSON.stringify(decoded.defects));
  return decoded.value;
};
const where = (devices: readonly object[], fields: object = {}): string | undefined =>
  iommuCore.machineFits(machine(devices, fields))?.path;

test('a machine of two groups and a mediated device fits', () => {
  assert.equal(where([device('a'), device('m', { instance: null, group: 1, parent: 0 })]), undefined);
});

test('devices that the IOMMU cannot tell apart are in one group', () => {
  const bridge = { rid: 1, aliases: [2] };
  assert.equal(where([device('a', bridge), device('b', { rid: 2, group: 1 })]), 'devices.1.aliases');
  assert.equal(where([device('a', bridge), device('b', { rid: 2 })]), undefined);
  assert.equal(where([device('a', bridge), device('b', { rid: 2, group: 1, instance: 1 })]), undefined);
});

test('what refers to nothing is refused, with its place', () => {
  assert.equal(where([device('a', { group: 2 })]), 'devices.0.group');
  assert.equal(where([device('a', { instance: 2 })]), 'devices.0.instance');
  assert.equal(where([device('a'), device('b', { instance: 1 })]), 'devices.0.instance');
  assert.equal(where([device('m', { instance: null, parent: 0 })]), 'devices.0.parent');
  assert.equal(where([device('a'), device('m', { group: 1, parent: 0 })]), 'devices.1.instance');
  assert.equal(where([], { instances: [{ ...INSTANCE, pageSizes: '0x800' }] }), 'instances.0.pageSizes');
});

test('a call names processes that there are, and maps no more than a GiB', () => {
  const fits = (op: unknown): string | undefined => {
    const decoded = decode(iommuCore.Op, op);
    assert.ok(decoded.ok);
    return iommuCore.opFits(machine([device('a')]), decoded.value)?.path;
  };
  assert.equal(fits({ op: 'sva_bind', device: 0, mm: 1 }), 'mm');
  assert.equal(fits({ op: 'sva_bind', device: 9, mm: 0 }), undefined);
  const map = { op: 'map', domain: 0, iova: '0x0', paddr: '0x0' };
  assert.equal(fits({ ...map, size: '0x40001000' }), 'size');
  assert.equal(fits({ ...map, size: '0x40000000' }), undefined);
});

test('a thread works on a device that there is', () => {
  const threads = (device: number) => ({
    devices: [{ present: true, attached: false }],
    threads: [{ does: 'attach' as const, device, open: null }],
  });
  assert.equal(iommuCoreRaces.machineFits(threads(0)), undefined);
  assert.equal(iommuCoreRaces.machineFits(threads(1))?.path, 'threads.0.device');
});
