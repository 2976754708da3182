// Does the law of iommu-core answer as the kernel's source says, call by call, on a machine of any size?
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowed, defaultPolicies } from '../../spec/index.js';
import type { PolicyValues } from '../../spec/iommu-core/policies.js';
import { iommuCore } from '../../spec/iommu-core/profile.js';
import { initial, type Op, type Setup, type State } from '../../spec/iommu-core/state.js';

const INSTANCE: Setup['instances'][number] = {
  driver: 'vtd',
  blocked: true,
  identity: true,
  pageSizes: 0x4020_1000n,
  iovaBits: 48,
  coherent: true,
  enforces: false,
  dirty: false,
  msi: true,
  pasids: 1 << 20,
  aux: false,
};
const device = (name: string, group: number, fields: Partial<Setup['devices'][number]> = {}) => ({
  name,
  bus: 0,
  instance: 0,
  group,
  rid: name.charCodeAt(0) + name.length,
  aliases: [],
  pasids: 16,
  direct: false,
  deferred: false,
  wants: 'any' as const,
  parent: null,
  ...fields,
});

/** g has d1 and d2, h has d3 which needs a direct map, i has d4 alone. */
const MACHINE: Setup = {
  instances: [INSTANCE],
  groups: 3,
  devices: [
    device('d1', 0),
    device('d22', 0, { pasids: 8 }),
    device('d333', 1, { direct: true }),
    device('d4444', 2),
  ],
  defaultType: 'dma',
  mms: 1,
};

/** With the calls of the drafts, beside those of the newest kernel. */
const POLICIES: PolicyValues = { ...defaultPolicies<PolicyValues>(iommuCore), release: 'drafts' };

/** Every call ends as it does when nothing fails: the last ending that the law allows. */
function run(
  calls: readonly Op[],
  machine: Setup = MACHINE,
): { readonly said: readonly string[]; readonly state: State } {
  let state = initial(machine, POLICIES, false);
  const said = calls.map(op => {
    const { outcome, state: next } = allowed(iommuCore, state, op, POLICIES).at(-1)!;
    state = next;
    if (outcome.is === 'refused') return outcome.errno;
    const values = Object.entries(outcome).filter(([key]) => key !== 'is');
    return [outcome.is, ...values.map(([key, value]) => `${key} ${value}`)].join(' ');
  });
  return { said, state };
}

const UP: readonly Op[] = [
  { op: 'probe', device: 0 },
  { op: 'probe', device: 1 },
  { op: 'probe', device: 2 },
  { op: 'probe', device: 3 },
  { op: 'alloc_by_device', device: 0, as: 7 },
  { op: 'alloc_by_group', group: 0, as: 9 },
];

const claim: Op = { op: 'claim_group', group: 0, owner: 1 };
const attach = (domain: number): Op => ({ op: 'attach_group', group: 0, domain });

/** The calls after the machine is up, and what each of them says. */
const SCENARIOS: readonly (readonly [string, readonly (readonly [Op, string])[]])[] = [
  [
    'a device is not moved without its group',
    [
      [{ op: 'attach_device', device: 0, domain: 7 }, 'EINVAL'],
      [{ op: 'attach_device', device: 3, domain: 7 }, 'ok'],
      [{ op: 'attach_device', device: 3, domain: 9 }, 'EBUSY'],
      [{ op: 'detach_device', device: 3, domain: 9 }, 'ok warned true'],
      [{ op: 'detach_device', device: 3, domain: 7 }, 'ok'],
    ],
  ],
  [
    'a kernel driver keeps owners out, and an owner kernel drivers',
    [
      [{ op: 'bind', device: 0, managed: false }, 'ok'],
      [claim, 'EPERM'],
      [{ op: 'unbind', device: 0 }, 'ok'],
      [claim, 'ok'],
      [claim, 'EPERM'],
      [{ op: 'bind', device: 1, managed: false }, 'EBUSY'],
      [{ op: 'bind', device: 1, managed: true }, 'ok'],
      [{ op: 'owner_claimed', group: 0 }, 'ok yes true'],
    ],
  ],
  [
    'devices of one group are claimed by one owner',
    [
      [{ op: 'claim_device', device: 0, owner: 1 }, 'ok'],
      [{ op: 'claim_device', device: 1, owner: 2 }, 'EPERM'],
      [{ op: 'claim_device', device: 1, owner: 1 }, 'ok'],
      [{ op: 'release_device', device: 0 }, 'ok'],
      [{ op: 'claim_device', device: 1, owner: 2 }, 'EPERM'],
      [{ op: 'release_device', device: 1 }, 'ok'],
      [{ op: 'claim_device', device: 1, owner: 2 }, 'ok'],
    ],
  ],
  [
    'attach never steals, replace does',
    [
      [claim, 'ok'],
      [attach(7), 'ok'],
      [attach(9), 'EBUSY'],
      [{ op: 'replace_handle', group: 0, domain: 9, handle: 3 }, 'ok'],
      [{ op: 'replace_handle', group: 0, domain: 9, handle: 4 }, 'ok'],
      [{ op: 'handle_get', group: 0, pasid: 0, kind: 'paging' }, 'ok handle 4'],
      [{ op: 'handle_get', group: 0, pasid: 0, kind: 'sva' }, 'EBUSY'],
      [{ op: 'handle_get', group: 0, pasid: 1, kind: null }, 'ENOENT'],
      [{ op: 'release_group', group: 0 }, 'ok warned true'],
      [{ op: 'detach_handle', group: 0, domain: 9 }, 'ok'],
      [{ op: 'release_group', group: 0 }, 'ok'],
    ],
  ],
  [
    'pasids are refused in the order of the source',
    [
      [{ op: 'attach_pasid', device: 0, domain: 7, pasid: 0, handle: null }, 'EINVAL'],
      [{ op: 'attach_pasid', device: 0, domain: 7, pasid: 8, handle: null }, 'EINVAL'],
      [{ op: 'attach_pasid', device: 0, domain: 7, pasid: 5, handle: null }, 'ok'],
      [{ op: 'attach_pasid', device: 1, domain: 9, pasid: 5, handle: null }, 'EBUSY'],
      [{ op: 'replace_pasid', device: 0, domain: 9, pasid: 4, handle: 1 }, 'EINVAL'],
      [{ op: 'replace_pasid', device: 0, domain: 9, pasid: 5, handle: 1 }, 'ok'],
      [{ op: 'replace_pasid', device: 0, domain: 7, pasid: 5, handle: 1 }, 'EINVAL'],
      [claim, 'EBUSY'],
      [{ op: 'free_domain', domain: 9 }, 'EBUSY'],
      [{ op: 'detach_pasid', device: 1, pasid: 5 }, 'ok'],
      [{ op: 'free_domain', domain: 9 }, 'ok'],
      [claim, 'ok'],
    ],
  ],
  [
    'a device that needs a direct map is not claimed',
    [
      [{ op: 'claim_group', group: 1, owner: 1 }, 'EINVAL'],
      [{ op: 'attach_group', group: 1, domain: 'blocked' }, 'EINVAL'],
      [{ op: 'attach_group', group: 1, domain: 7 }, 'ok'],
    ],
  ],
  [
    'the type is changed by the privileged, while nobody uses the group',
    [
      [{ op: 'store_type', group: 2, type: 'identity', privileged: false }, 'EACCES'],
      [{ op: 'bind', device: 3, managed: false }, 'ok'],
      [{ op: 'store_type', group: 2, type: 'identity', privileged: true }, 'EPERM'],
      [{ op: 'store_type', group: 2, type: 'dma-fq', privileged: true }, 'ok'],
      [{ op: 'unbind', device: 3 }, 'ok'],
      [{ op: 'store_type', group: 2, type: 'identity', privileged: true }, 'ok'],
      [{ op: 'dma', device: 3, pasid: null, iova: 0x123n }, 'ok paddr 291'],
    ],
  ],
  [
    'large pages go whole, and an unmap stops at a hole',
    [
      [{ op: 'map', domain: 7, iova: 0n, paddr: 0n, size: 0x20_0000n }, 'ok'],
      [{ op: 'map', domain: 7, iova: 0x1000n, paddr: 0n, size: 0x1000n }, 'EADDRINUSE'],
      [{ op: 'unmap', domain: 7, iova: 0x1000n, size: 0x1000n }, 'ok unmapped 0'],
      [{ op: 'iova_to_phys', domain: 7, iova: 0x1_2345n }, 'ok paddr 74565'],
      [{ op: 'unmap', domain: 7, iova: 0n, size: 0x1000n }, 'ok unmapped 2097152'],
      [{ op: 'map', domain: 7, iova: 0xffff_ffff_f000n, paddr: 0x1000n, size: 0x1000n }, 'ok'],
      [{ op: 'map', domain: 7, iova: 0xffff_ffff_f000n, paddr: 0x1000n, size: 0x2000n }, 'ERANGE'],
      [{ op: 'map', domain: 'identity', iova: 0n, paddr: 0n, size: 0x1000n }, 'EINVAL'],
    ],
  ],
  [
    'an address space has one number, and its number one life',
    [
      [{ op: 'sva_bind', device: 0, mm: 0 }, 'ok pasid 1'],
      [{ op: 'sva_bind', device: 1, mm: 0 }, 'ok pasid 1'],
      [{ op: 'sva_bind', device: 3, mm: 0 }, 'ok pasid 1'],
      [{ op: 'pasid_alloc', device: 3 }, 'ok pasid 2'],
      [{ op: 'mm_exit', mm: 0 }, 'ok'],
      [{ op: 'sva_unbind', device: 3, mm: 0 }, 'ok'],
      [{ op: 'pasid_alloc', device: 3 }, 'ok pasid 3'],
      [{ op: 'sva_unbind', device: 0, mm: 0 }, 'ok'],
      [{ op: 'sva_unbind', device: 0, mm: 0 }, 'ok'],
      [{ op: 'pasid_alloc', device: 3 }, 'ok pasid 1'],
    ],
  ],
  [
    'a reset parks a device, refuses what may fail, and lets a detach through',
    [
      [attach(7), 'ok'],
      [{ op: 'map', domain: 7, iova: 0n, paddr: 0x5000n, size: 0x1000n }, 'ok'],
      [{ op: 'reset_prepare', device: 0 }, 'ok'],
      [{ op: 'dma', device: 0, pasid: null, iova: 0n }, 'fault'],
      [{ op: 'dma', device: 1, pasid: null, iova: 0n }, 'ok paddr 20480'],
      [{ op: 'attach_pasid', device: 1, domain: 7, pasid: 1, handle: null }, 'EBUSY'],
      [{ op: 'replace_group', group: 0, domain: 9 }, 'EBUSY'],
      [{ op: 'replace_group', group: 0, domain: 7 }, 'ok'],
      [{ op: 'reset_prepare', device: 0 }, 'ok'],
      [{ op: 'reset_done', device: 0 }, 'ok'],
      [{ op: 'detach_group', group: 0, domain: 7 }, 'ok'],
      [{ op: 'free_domain', domain: 7 }, 'ok'],
      [{ op: 'dma', device: 0, pasid: null, iova: 0n }, 'fault'],
      [{ op: 'reset_done', device: 0 }, 'ok'],
      [{ op: 'dma', device: 0, pasid: null, iova: 0n }, 'outside'],
    ],
  ],
];

for (const [what, calls] of SCENARIOS) {
  test(what, () => {
    const { said } = run([...UP, ...calls.map(([op]) => op)]);
    assert.deepEqual(
      said.slice(UP.length),
      calls.map(([, answer]) => answer),
    );
  });
}

test('what happened to one domain does not reach another, however high its name', () => {
  const high: Op = { op: 'alloc_by_device', device: 0, as: 65_535 };
  const page = { iova: 0xffff_ffff_f000n, paddr: 0x7000n, size: 0x1000n };
  const { said } = run([
    ...UP,
    high,
    { op: 'map', domain: 65_535, ...page },
    { op: 'iova_to_phys', domain: 65_535, iova: 0xffff_ffff_f123n },
    { op: 'iova_to_phys', domain: 9, iova: 0xffff_ffff_f123n },
    { op: 'unmap', domain: 65_535, iova: 0xffff_ffff_f000n, size: 0x1000n },
  ]);
  assert.deepEqual(said.slice(-4), ['ok', 'ok paddr 28963', 'ok paddr 0', 'ok unmapped 4096']);
});

test('the endings of a change that may fail are one for each call that may be the one', () => {
  const machine: Setup = {
    ...MACHINE,
    instances: [{ ...INSTANCE, blocked: false, identity: false, pasids: 0 }],
    groups: 1,
    devices: [device('a', 0), device('bb', 0), device('ccc', 0)],
  };
  const { state } = run(
    [
      { op: 'probe', device: 0 },
      { op: 'probe', device: 1 },
      { op: 'probe', device: 2 },
      { op: 'alloc_by_group', group: 0, as: 0 },
    ],
    machine,
  );
  const rules = allowed(iommuCore, state, { op: 'attach_group', group: 0, domain: 0 }, POLICIES).map(
    e => e.rule,
  );
  const count = (id: string): number => rules.filter(r => r === id).length;
  assert.deepEqual(
    ['attach_group/attach-fails', 'attach_group/rollback-fails', 'attach_group/attached'].map(count),
    [3, 3, 1],
  );
});
