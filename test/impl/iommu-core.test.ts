// Does the IOMMU core do what the kernel documents of it, call by call?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as errno from '../../impl/errno.js';
import { NULL_DOMAIN, STATIC_BLOCKED, STATIC_IDENTITY } from '../../impl/iommu-core/attach.js';
import { WARNED, warnedOf } from '../../impl/iommu-core/core.js';
import { Numbers } from '../../impl/iommu-core/objects.js';
import { bench, d1, d2, e, g, h, o1, o2 } from './iommu-core-bench.js';
import { seedOf } from './seed.js';

const { EBUSY, EINVAL, EPERM, ENOENT } = errno;

test('a device alone is attached by its name, one of two is not', () => {
  const { core } = bench();
  const D = core.allocForDevice(d1);
  assert.equal(core.attachDevice(d1, D), -EINVAL);
  assert.equal(core.attachDevice(e, D), 0);
  assert.equal(core.group(h)?.domain, D);
  assert.equal(core.detachDevice(e, D), 0);
  assert.equal(core.group(h)?.domain, 'default', 'who does not own it falls back to the default domain');
});

test("a group that a kernel driver uses is nobody else's", () => {
  const { core } = bench();
  assert.equal(core.bind(d1, false), 0);
  assert.equal(core.claimGroup(g, o1), -EPERM);
  assert.equal(core.storeType(g, 'identity', true), -EPERM);
  assert.equal(core.unbind(d1), 0);
  assert.equal(core.claimGroup(g, o1), 0);
  assert.equal(core.bind(d2, false), -EBUSY, 'a kernel driver is refused beside the owner');
  assert.equal(core.bind(d2, true), 0, 'a driver that manages DMA is not');
});

test('members are claimed one by one, by one owner', () => {
  const { core } = bench();
  assert.equal(core.claimDevice(d1, o1), 0);
  assert.equal(core.claimDevice(d2, o2), -EPERM);
  assert.equal(core.claimDevice(d2, o1), 0);
  assert.equal(core.group(g)?.owners, 2);
  assert.equal(core.releaseDevice(d1), 0);
  assert.equal(core.group(g)?.domain, 'blocking');
  assert.equal(core.releaseDevice(d2), 0);
  assert.equal(core.group(g)?.domain, 'default');
  assert.equal(core.releaseDevice(d2), WARNED);
});

test('a claimed group goes from blocking to a domain and back', () => {
  const { core } = bench();
  const D = core.allocForGroup(g);
  const E = core.allocForGroup(g);
  assert.equal(core.claimGroup(g, o1), 0);
  assert.deepEqual([core.device(d1).domain, core.device(d2).domain], ['blocking', 'blocking']);
  assert.equal(core.attachGroup(g, D), 0);
  assert.equal(core.attachGroup(g, E), -EBUSY, 'no silent change');
  assert.equal(core.replaceHandle(g, E, 7), 0);
  assert.equal(core.replaceHandle(g, E, 8), 0);
  assert.equal(core.getHandle(g, 0, 'paging'), 8);
  assert.equal(core.getHandle(g, 0, 'sva'), -EBUSY);
  assert.equal(core.releaseGroup(g), WARNED, 'its handle is still there');
  assert.equal(core.detachHandle(g), 0);
  assert.equal(core.getHandle(g, 0, 'any'), -ENOENT);
  assert.equal(core.group(g)?.domain, 'blocking');
  assert.equal(core.releaseGroup(g), 0);
  assert.equal(core.group(g)?.domain, 'default');
  assert.equal(core.replaceGroup(g, NULL_DOMAIN), -EINVAL);
});

test('a device that needs its direct map cannot be claimed', () => {
  const { core } = bench({ devices: [{}, { direct: true }, { group: h }] });
  const before = core.group(g);
  assert.equal(core.claimGroup(g, o1), -EINVAL);
  // The blocking domain was found on the way, and is kept: __iommu_group_alloc_blocking_domain comes first.
  assert.deepEqual(core.group(g), { ...before, blocking: true });
  assert.deepEqual([core.device(d1).domain, core.device(d2).domain], ['default', 'default']);
});

test('PASIDs are attached once, within what every member supports', () => {
  const { core } = bench({ devices: [{}, { pasids: 4 }, { group: h, pasids: 0 }] });
  const D = core.allocForDevice(d1);
  const E = core.allocForDevice(d1);
  assert.equal(core.attachPasid(d1, D, 0, -1), -EINVAL);
  assert.equal(core.attachPasid(d1, D, 4, -1), -EINVAL);
  assert.equal(core.attachPasid(d1, D, 3, 1), 0);
  assert.equal(core.attachPasid(d1, E, 3, 2), -EBUSY);
  assert.deepEqual(core.device(d2).programmed, [{ pasid: 3, domain: D }]);
  assert.equal(core.replacePasid(d1, E, 2, 9), -EINVAL, 'nothing to replace');
  assert.equal(core.replacePasid(d1, E, 3, 1), warnedOf(-EINVAL), 'the same handle');
  assert.equal(core.replacePasid(d1, E, 3, 2), 0);
  assert.deepEqual(core.device(d1).programmed, [{ pasid: 3, domain: E }]);
  assert.equal(core.claimGroup(g, o1), -EBUSY);
  assert.equal(core.freeDomain(E), -EBUSY);
  assert.equal(core.detachPasid(d1, 3), 0);
  assert.equal(core.freeDomain(E), 0);
  assert.equal(core.attachPasid(e, D, 5, -1), 0, 'nobody is capable, and nothing is programmed');
  assert.deepEqual(core.device(e).programmed, []);
});

test('who keeps PASIDs keeps the group from being released', () => {
  const { core } = bench();
  const D = core.allocForDevice(d1);
  assert.equal(core.claimGroup(g, o1), 0);
  assert.equal(core.attachPasid(d1, D, 5, -1), 0);
  assert.equal(core.releaseGroup(g), WARNED);
  assert.equal(core.group(g)?.owner, o1);
});

test('an attach that is put off is made at the first mapping, or when another domain comes', () => {
  const { core } = bench({ devices: [{ deferred: true }, {}, { group: h, deferred: true }] });
  assert.deepEqual([core.device(d1).domain, core.device(d2).domain], [null, 'default']);
  assert.equal(core.attachDeferred(d1), 0);
  assert.equal(core.device(d1).domain, 'default');
  assert.equal(core.claimGroup(h, o1), 0);
  assert.deepEqual([core.device(e).domain, core.device(e).deferred], ['blocking', false]);
});

test('resets of one device nest, and what changed meanwhile is carried out at the end', () => {
  const { core } = bench();
  const D = core.allocForDevice(d1);
  assert.equal(core.claimGroup(g, o1), 0);
  assert.equal(core.attachGroup(g, D), 0);
  assert.equal(core.prepareReset(d1), 0);
  assert.equal(core.prepareReset(d1), 0);
  assert.equal(core.device(d1).domain, 'blocking');
  assert.equal(core.replaceGroup(g, STATIC_IDENTITY), -EBUSY);
  assert.equal(core.finishReset(d1), 0);
  assert.equal(core.device(d1).domain, 'blocking', 'the outer one is not over');
  assert.equal(core.detachGroup(g), 0);
  assert.equal(core.releaseGroup(g), 0);
  assert.equal(core.freeDomain(D), 0);
  assert.equal(core.finishReset(d1), 0);
  assert.equal(core.device(d1).domain, 'default');
});

test("a newcomer goes to the domain that its group has, a user's too", () => {
  const { core } = bench({ probed: false });
  assert.equal(core.probe(d1), 0);
  const D = core.allocForDevice(d1);
  assert.equal(core.claimGroup(g, o1), 0);
  assert.equal(core.attachGroup(g, D), 0);
  assert.equal(core.probe(d2), 0);
  assert.equal(core.device(d2).domain, D);
  assert.equal(core.remove(d1), 0);
  assert.equal(core.remove(d2), WARNED, 'the last one leaves an owned group');
  assert.equal(core.group(g), undefined);
});

test('what the drivers of members want decides the default domain; identity where they differ', () => {
  const { core } = bench({ devices: [{ wants: 'dma' }, { wants: 'identity' }], groups: 1, probed: false });
  assert.equal(core.probe(d1, true), 0);
  assert.equal(core.group(g)?.type, 'none');
  assert.equal(core.bind(d1, false), -errno.EPROBE_DEFER);
  assert.equal(core.probe(d2, true), 0);
  assert.equal(core.setupDefault(g), 0);
  assert.equal(core.group(g)?.type, 'identity');
  assert.equal(core.dmaBytes(d1, -1, 0x1234n), 0x1234n);
  assert.equal(core.storeType(g, 'dma', true), -EINVAL);
});

test('a static domain of the driver can be attached like any other', () => {
  const { core } = bench();
  assert.equal(core.attachGroup(h, STATIC_IDENTITY), 0);
  assert.equal(core.device(e).domain, 'identity');
  assert.equal(core.detachGroup(h), 0);
  assert.equal(core.attachGroup(h, STATIC_BLOCKED), 0);
  assert.equal(core.dmaBytes(e, -1, 0n), -1001n);
});

test('a domain for a bus is of no IOMMU until somebody is attached', () => {
  const wide = { limit: 2 ** 30 };
  const { core } = bench({ instances: [{}, wide], devices: [{}, { group: h, instance: 1 }] });
  const D = core.allocForBus(0);
  assert.equal(core.mapBytes(D, 0n, 0n, 0x1000n), -errno.ENODEV);
  assert.equal(core.attachDevice(1, D), 0);
  assert.equal(core.domain(D)?.instance, 1);
  assert.equal(core.attachDevice(0, D), -EINVAL, 'too wide for the other');
  assert.equal(core.allocForBus(7), -errno.ENODEV);
});

test('an address space is shared with many, and kept until the last lets go', () => {
  const { core } = bench();
  for (const device of [d1, d1, d2, e]) assert.equal(core.bindSpace(device, 1), 1, 'its one PASID');
  assert.deepEqual(core.device(d2).programmed, [{ pasid: 1, domain: { sva: 1 } }]);
  for (const device of [d1, d2, d1]) assert.equal(core.unbindSpace(device, 1), 0);
  assert.deepEqual(core.device(d2).programmed, []);
  assert.equal(core.unbindSpace(d1, 1), -ENOENT);
  assert.deepEqual(core.device(e).programmed, [{ pasid: 1, domain: { sva: 1 } }]);
});

test('an aux domain has one PASID for all devices, and is counted by each', () => {
  const { core } = bench({ devices: [{}, { group: h }, { group: 2, instance: -1, parent: 0 }], groups: 3 });
  const D = core.allocForDevice(d1);
  assert.equal(core.attachAux(0, D, 2), -EPERM, 'the feature is off');
  assert.equal(core.enableAux(0), 0);
  assert.equal(core.enableAux(1), 0);
  assert.equal(core.attachAux(0, D, 2), 0);
  assert.equal(core.attachAux(0, D, -1), 0);
  assert.equal(core.attachAux(1, D, -1), 0);
  assert.equal(core.auxPasid(1, D), 1);
  assert.equal(core.lookupAux(2), D);
  assert.equal(core.attachGroup(0, D), -EPERM, 'a device with the feature is assigned whole or in parts');
  assert.equal(core.disableAux(0), -EBUSY);
  assert.equal(core.detachAux(0, D, 2), 0);
  assert.deepEqual(core.device(0).programmed, [{ pasid: 1, domain: D }], 'one use is left');
  assert.equal(core.detachAux(0, D, -1), 0);
  assert.equal(core.detachAux(1, D, -1), 0);
  assert.equal(core.domain(D)?.pasid, 0);
  assert.equal(core.auxPasid(0, D), -EINVAL);
});

test('the smallest free number is found as by looking at all', t => {
  const call = fc.record({
    what: fc.constantFrom('take', 'give', 'add', 'has'),
    at: fc.integer({ min: 1, max: 70 }),
  });
  const property = fc.property(fc.array(call, { maxLength: 200, size: 'max' }), calls => {
    const numbers = new Numbers();
    const used = new Set<number>();
    for (const { what, at } of calls) {
      let free = 1;
      while (used.has(free)) free++;
      if (what === 'take') assert.equal(numbers.take(at), free < at ? free : 0);
      if (what === 'take' && free < at) used.add(free);
      if (what === 'give') assert.equal(numbers.give(at), used.delete(at));
      if (what === 'add') numbers.add(at);
      if (what === 'add') used.add(at);
      assert.equal(numbers.has(at), used.has(at));
    }
  });
  fc.assert(property, { seed: seedOf(t), numRuns: 500 });
});
