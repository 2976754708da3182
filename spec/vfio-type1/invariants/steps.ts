// What may change between one state and the next?

import type { StepProperty } from '../../law/profile.js';
import { cite } from '../../law/sources.js';
import { deviceOpen, groupInUse, registered } from '../holding.js';
import { bytesOf } from '../pages.js';
import { everywhere } from '../rules/checks.js';
import type { Choice, Op, State } from '../state.js';

type Step = StepProperty<State, Op, Choice>;

/** Refusals that leave something: a report that cannot be written, drivers that have let go, marks that stay. */
const LEAVES: readonly string[] = [
  'unmap/unwritable',
  'unmap/bitmap-unwritable',
  'pin/not-mapped',
  'pin/no-permission',
  'pin/not-there',
  'pin/over-limit',
  'pin/not-memory',
];

const sized = (s: State, c: number): number => s.maps[c]!.reduce((n, d) => n + d.pages, 0);

export const steps: readonly Step[] = [
  {
    id: 'refusal/changes-nothing',
    says: 'A refused call leaves everything as it was, but for what clauses name: a report that cannot be written, drivers that let go before it, and marks of pages that were pinned for a moment.',
    cite: [cite('ours', 'ADR-0007: a refusal changes nothing')],
    holds: (before, _, after) =>
      after.outcome.is !== 'refused' || after.state === before || LEAVES.includes(after.rule),
  },
  {
    id: 'refusal/keeps-translations',
    says: 'No refused call takes a translation away or adds one, but an unmap whose size cannot be reported.',
    cite: everywhere('vfio_dma_do_map, vfio_dma_do_unmap, vfio_iommu_replay: unwind'),
    holds: (before, _, after) =>
      after.outcome.is !== 'refused' || after.state.maps === before.maps || after.rule === 'unmap/unwritable',
  },
  {
    id: 'translation/steady-while-open',
    says: 'What an open device sees of memory changes only by map and unmap.',
    cite: everywhere('vfio_iommu_type1_detach_group, vfio_iommu_replay'),
    holds: (before, op, after) =>
      op.op === 'map' ||
      op.op === 'unmap' ||
      before.devices.every((d, at) => {
        const g = before.groups[d.group]!;
        if (g.kind !== 'iommu' || !deviceOpen(before, at) || !deviceOpen(after.state, at)) return true;
        const c = g.container;
        return after.state.groups[d.group]!.container === c && sameTranslations(before, after.state, c);
      }),
  },
  {
    id: 'unmap/says-what-it-removed',
    says: 'The size that an unmap reports is what it removed, or what it declared invalid.',
    cite: everywhere('vfio_dma_do_unmap: unmap->size'),
    holds: (before, op, after) => {
      if (op.op !== 'unmap' || after.outcome.is !== 'ok' || op.invalidate) return true;
      const c = before.handles.get(op.handle).target;
      return after.outcome.unmapped === bytesOf(sized(before, c) - sized(after.state, c));
    },
  },
  {
    id: 'group/leaves-only-unused',
    says: 'A group of which a device is open stays in its container.',
    cite: everywhere('vfio_group_ioctl_unset_container, vfio_group_fops_release'),
    holds: (before, _, after) =>
      before.groups.every(
        (g, at) =>
          g.container < 0 ||
          !groupInUse(after.state, at) ||
          after.state.groups[at]!.container === g.container,
      ),
  },
  {
    id: 'group/revoked-with-its-last-device',
    says: 'The file of a group is revoked with its last registered device, and not otherwise.',
    cite: everywhere('vfio_device_remove_group'),
    holds: (before, _, after) =>
      before.handles.reduce((fine: boolean, h, key) => {
        const now = after.state.handles.get(key);
        return (
          fine &&
          (h.kind !== 'group' || now.kind !== 'revoked' || !registered(after.state, h.target)) &&
          (h.kind !== 'revoked' || now.kind !== 'group')
        );
      }, true),
  },
  {
    id: 'unplug/only-unused',
    says: 'No device leaves VFIO while somebody has it open.',
    cite: everywhere('vfio_unregister_group_dev'),
    holds: (before, _, after) =>
      before.devices.every(
        (d, at) =>
          d.driver !== 'vfio' || after.state.devices[at]!.driver === 'vfio' || !deviceOpen(before, at),
      ),
  },
];

/** Do the same pages lead to the same memory? */
const sameTranslations = (a: State, b: State, c: number): boolean =>
  a.maps[c] === b.maps[c] ||
  (a.maps[c]!.size === b.maps[c]!.size &&
    a.maps[c]!.reduce((same: boolean, d, at) => {
      const other = b.maps[c]!.get(at);
      return same && other.pages === d.pages && other.from === d.from && other.origin === d.origin;
    }, true));
