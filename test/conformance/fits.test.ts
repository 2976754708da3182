// Is a recording refused that speaks of what its machine cannot have?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Malformed, readTrace } from '../../conformance/index.js';

const MACHINE = {
  groups: [{ bus: 'pci', id: 1, coherent: true }],
  devices: [{ name: 'a', group: 0, driver: 'vfio' }],
  mms: [{ lockLimit: null }],
  timeout: 0,
};
const header = (machine: object, events = 0) =>
  JSON.stringify({
    format: 'iommu-trace',
    version: 1,
    profile: 'vfio-2011',
    producer: 'test',
    machine,
    events,
  });

async function defectOf(text: string): Promise<string> {
  try {
    const trace = await readTrace([`${text}\n`]);
    for await (const _ of trace.events());
  } catch (error) {
    assert.ok(error instanceof Malformed);
    return error.message;
  }
  return 'none';
}

test('a device of a group that is not there', async () => {
  const machine = { ...MACHINE, devices: [{ name: 'a', group: 1, driver: 'vfio' }] };
  assert.equal(await defectOf(header(machine)), 'line 1, machine.devices.0.group: there are only 1 groups');
});

test('more groups than a machine has', async () => {
  const machine = { ...MACHINE, groups: Array.from({ length: 257 }, () => MACHINE.groups[0]) };
  assert.equal(await defectOf(header(machine)), 'line 1, machine.groups: at most 256, got 257');
});

test('a caller without an address space', async () => {
  const call = JSON.stringify({ call: 1, op: { op: 'open_group', group: 0, as: 0, mm: 1 } });
  assert.equal(
    await defectOf(`${header(MACHINE, 1)}\n${call}`),
    'line 2, op.mm: there are only 1 address spaces',
  );
});

test('an unknown group and an unknown device are names that nobody knows, not malformed', async () => {
  const lines = [
    { call: 1, op: { op: 'open_group', group: 7, as: 0, mm: 0 } },
    { return: 1, outcome: { is: 'refused', errno: 'ENODEV' } },
    { call: 2, op: { op: 'delete', device: 7 } },
    { return: 2, outcome: { is: 'ok' } },
  ].map(line => JSON.stringify(line));
  assert.equal(await defectOf([header(MACHINE, 2), ...lines].join('\n')), 'none');
});
