// Which holes could the law of recordings have, and who would see them?
import { without } from '../design.js';
import { type FaultyLaw, synthetic } from '../fault.js';

/** A clause that is not there: what it forbids would be accepted. */
const hole = (
  id: string,
  says: string,
  clause: string,
  [trace, steps]: readonly [trace: string, steps: number],
): FaultyLaw => ({
  in: 'law',
  id,
  says,
  source: synthetic(`${clause}, left out of the law`),
  expected: { by: 'suite', shows: `refuse/linux-dma-${trace}.jsonl`, steps },
  breaks: without(clause),
});

export const holes: readonly FaultyLaw[] = [
  {
    ...hole('hole/two-groups', 'A device may be in two groups.', 'group/one-only', ['', 0]),
    world: 'dma-two-groups',
    expected: { by: 'exploration', shows: 'group/not-empty', steps: 2 },
  },
  hole('hole/torn-group', 'Devices of one group may be on two domains.', 'attach/divides-the-group', [
    'a-group-is-torn-between-two-domains',
    12,
  ]),
  hole('hole/move-with-tag', 'A device may move with the tag of its old domain.', 'attach/still-tagged', [
    'a-device-moves-without-leaving-its-tags',
    5,
  ]),
  hole('hole/move-unflushed', 'A device may move with what it cached.', 'attach/left-uninvalidated', [
    'cached-translations-survive-a-move',
    6,
  ]),
  hole('hole/small-block', 'The block that is flushed may be too small.', 'flush/block-too-small', [
    'the-flushed-block-is-too-small',
    7,
  ]),
  hole('hole/uncounted-user', 'A user of a domain id need not be counted.', 'tag-assign/count', [
    'a-user-of-a-domain-id-is-not-counted',
    4,
  ]),
  hole('hole/other-command', 'A command may flush what nobody announced.', 'queue/unannounced', [
    'the-command-covers-another-block',
    8,
  ]),
];
