// In which small machines are page tables and IOTLB held against their law?

import type { Policies } from '../../spec/law/clause.js';
import type { World } from '../explore/world.js';
import { type Op, type Setup, type State, translation } from '../translation/law.js';

export type TranslationWorld = World<State, Op, Policies, Setup>;

const M2 = 2 ** 9;
const G1 = 2 ** 18;
const TOP = 2 ** 27;
const LAST = 2 ** 36 - 1;
const RW = 3;

const create = (domain: number): Op => ({ op: 'create', domain });
const destroy = (domain: number): Op => ({ op: 'destroy', domain });
const map = (domain: number, page: number, pages: number, frame: number, prot = RW): Op => ({
  op: 'map',
  domain,
  page,
  pages,
  frame,
  prot,
});
const unmap = (domain: number, page: number, pages: number): Op => ({ op: 'unmap', domain, page, pages });
const access = (domain: number, page: number, how = 1): Op => ({ op: 'access', domain, page, access: how });

export const TRANSLATION_WORLDS: readonly TranslationWorld[] = [
  {
    name: 'tlb-two-domains',
    says: 'Two domains that come and go over the same two pages, with other memory and other permissions behind them.',
    profile: translation,
    setup: { domains: 2 },
    ops: [0, 1].flatMap(d => [
      create(d),
      destroy(d),
      map(d, 0, 1, 8 + 8 * d),
      map(d, 1, 1, 0, 1),
      unmap(d, 0, 1),
      unmap(d, 1, 1),
      unmap(d, 0, 2),
      access(d, 0),
      access(d, 1),
      access(d, 1, 2),
    ]),
  },
  {
    name: 'tlb-ranges',
    says: 'Runs of small pages: unmaps of the first, the last, some, and more than the IOTLB has entries.',
    profile: translation,
    setup: { domains: 1 },
    ops: [
      create(0),
      destroy(0),
      map(0, 3, 6, 1003),
      map(0, 64, 40, 2064, 1),
      unmap(0, 3, 6),
      unmap(0, 3, 1),
      unmap(0, 5, 3),
      unmap(0, 65, 38),
      unmap(0, 0, 200),
      access(0, 3),
      access(0, 7),
      access(0, 8),
      access(0, 64),
      access(0, 102),
    ],
  },
  {
    name: 'leaves-2m',
    says: 'Leaves of 2 MiB among those of 4 KiB: mapped over each other, cut, and run together over the end of a table.',
    profile: translation,
    setup: { domains: 1 },
    ops: [
      create(0),
      map(0, 0, M2, 3 * M2),
      map(0, 0, 1, 7),
      map(0, M2 - 1, 2, 5000, 1),
      map(0, M2, M2 + 2, 8 * M2),
      unmap(0, 0, 1),
      unmap(0, 5, 1),
      unmap(0, 0, M2),
      unmap(0, 0, 4 * M2),
      access(0, 0),
      access(0, 5),
      access(0, 6),
      access(0, M2, 2),
      access(0, 2 * M2 + 1),
    ],
  },
  {
    name: 'leaves-1g',
    says: 'A leaf of 1 GiB that is cut in its middle, beside a run over the end of a root entry.',
    profile: translation,
    setup: { domains: 1 },
    ops: [
      create(0),
      map(0, G1, G1, 3 * G1, 1),
      map(0, TOP - 2, 4, 2 ** 32 - 2),
      unmap(0, G1 + 700, 1),
      unmap(0, G1, G1),
      unmap(0, TOP - 1, 2),
      access(0, G1),
      access(0, G1 + 700),
      access(0, G1 + 701),
      access(0, TOP),
    ],
  },
  {
    name: 'edges',
    says: 'The first and the last page, the first and the last frame, and pages whose numbers differ in the high bits only.',
    profile: translation,
    setup: { domains: 1 },
    ops: [
      create(0),
      map(0, 0, 1, 0),
      map(0, 2 ** 32, 1, 2 ** 40 - 1),
      map(0, LAST, 1, 2 ** 20 + 1, 2),
      map(0, LAST, 2, 0),
      map(0, 8, 2, 2 ** 40 - 1),
      map(0, 8, 0, 8),
      map(0, 8, 1, 8, 0),
      unmap(0, 0, 1),
      unmap(0, 2 ** 32, 1),
      unmap(0, LAST, 1),
      access(0, 0),
      access(0, 2 ** 32),
      access(0, LAST),
      access(0, LAST, 2),
    ],
  },
];
