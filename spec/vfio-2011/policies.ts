// Which questions did the 2011 review leave open, and what was said for each answer?
import type { Policy } from '../law/profile.js';
import { cite } from '../law/sources.js';

const mail = (at: string) => [cite('mail-2011', at)];

/** The chosen answer to each open question. */
export type PolicyValues = {
  readonly 'merge-incoming': 'singular-idle' | 'idle' | 'any';
  readonly 'unmerge-names': 'self' | 'by-handle';
  readonly 'last-context-handle': 'keep-until-context-idle' | 'drop';
  readonly 'group-identity': 'bus-and-id' | 'id-only';
  readonly 'hot-add-in-use': 'not-viable' | 'preinit-driver' | 'claim' | 'refuse';
  readonly 'failed-hot-add': 'taint-group' | 'ignore' | 'special-group';
  readonly 'hot-remove-in-use': 'wait-forever' | 'timeout-then-revoke' | 'timeout-then-kill';
  readonly 'group-handle-is-use': 'no' | 'yes';
};

export const POLICIES: readonly Policy[] = [
  {
    name: 'merge-incoming',
    question: 'What may be merged into another group?',
    cite: mail('scenarios 1 and 2: "no open device or iommu file descriptors and is a singular group"'),
    values: [
      {
        value: 'singular-idle',
        says: 'a group that is alone in its set and has no device or context open',
        argument:
          'Its devices change context, so nothing of it may be open. To ask for a singular group as well costs the user nothing: a set that is idle can be taken apart and handed over one by one.',
      },
      {
        value: 'idle',
        says: 'any group whose set has no device or context open; the whole set comes along',
        argument:
          'Being singular is an implementation detail; merged groups are peers, so merging one of them may as well bring the others.',
      },
      {
        value: 'any',
        says: 'any group; its open devices are moved to the new context under their users',
        argument: 'The user asked for it, and may have good reason to reorganise a running system.',
      },
    ],
  },
  {
    name: 'unmerge-names',
    question: 'Who must be named to take a group out of a set?',
    cite: mail('"you do not really need to provide the group you want to unmerge from"'),
    values: [
      {
        value: 'self',
        says: 'the leaving group alone, through a handle of its own',
        argument: 'The set is known from the group; a second descriptor is an awkward argument.',
      },
      {
        value: 'by-handle',
        says: 'a handle of the remaining set, and a handle of the group that leaves',
        argument: 'It mirrors merge, and whoever manages the set keeps control of it.',
      },
    ],
  },
  {
    name: 'last-context-handle',
    question: 'Do the mappings go when the last context handle is closed while devices stay open?',
    cite: mail('"whether we should drop all iommu mappings when the iommu refcnt goes to zero"'),
    values: [
      {
        value: 'keep-until-context-idle',
        says: 'no: they stay until no context or device handle of the set is open',
        argument: "An open device keeps working; the context is the set's, not the descriptor's.",
      },
      {
        value: 'drop',
        says: 'yes: the last context handle takes the mappings with it',
        argument: 'Nobody can change mappings without a context handle, so nobody answers for them.',
      },
    ],
  },
  {
    name: 'group-identity',
    question: 'What names a group?',
    cite: mail('"group objects internally matched by the {groupid, bus} pair"'),
    values: [
      {
        value: 'bus-and-id',
        says: 'the pair of its bus and its number',
        argument: 'Two IOMMU drivers on two buses number their groups without knowing of each other.',
      },
      {
        value: 'id-only',
        says: 'its number',
        argument: 'A clash was never seen, and a flat name is simpler for user space.',
      },
    ],
  },
  {
    name: 'hot-add-in-use',
    question: 'What happens to a device that is added to a group whose set is in use?',
    cite: mail('"How to prevent other drivers from claiming?"'),
    values: [
      {
        value: 'not-viable',
        says: 'it is tracked without a driver: the set is no longer viable, but what is open stays usable',
        argument: 'A group may become non-viable; nobody is hurt until another driver binds.',
      },
      {
        value: 'preinit-driver',
        says: 'its driver is set to vfio before the bus matches drivers; whoever sets one first wins',
        argument:
          'The bus honours a driver set beforehand, so no other driver can take the device by matching.',
      },
      {
        value: 'claim',
        says: 'vfio takes it at once; if another driver has it already, adding it has failed',
        argument: 'A device beside one in user hands must not go to a kernel driver, whatever it takes.',
      },
      {
        value: 'refuse',
        says: 'the bus is told no, and the device does not appear',
        argument: 'Then nothing changes for the user. (No bus of 2011 could refuse.)',
      },
    ],
  },
  {
    name: 'failed-hot-add',
    question: 'What becomes of a group when one of its devices could not be tracked?',
    cite: mail('"set a taint flag on the group"'),
    values: [
      {
        value: 'taint-group',
        says: 'it is marked tainted: never viable again',
        argument:
          "A device that nobody tracks may do DMA beside the user's, so the group cannot be given out.",
      },
      {
        value: 'ignore',
        says: 'nothing: the device is unknown',
        argument: 'A device that VFIO does not know is no business of VFIO.',
      },
      {
        value: 'special-group',
        says: 'the device goes into a special group of failures',
        argument: 'So it is not forgotten, and can be looked at.',
      },
    ],
  },
  {
    name: 'hot-remove-in-use',
    question: 'How long does the removal of a device in use wait, and what then?',
    cite: mail('"I think we need the hard timeout handling in the kernel"'),
    values: [
      {
        value: 'wait-forever',
        says: 'until the users close, however long that is',
        argument: 'The user is asked and decides; nothing is taken from anybody.',
      },
      {
        value: 'timeout-then-revoke',
        says: "until the hard timeout; then the device's handles go dead and it leaves",
        argument: 'User space must not decide to keep the device; only those who hold it are hurt.',
      },
      {
        value: 'timeout-then-kill',
        says: 'until the hard timeout; then the processes that keep the set in use are killed',
        argument: 'A killed process closes everything, so no dead handle needs to be defined.',
      },
    ],
  },
  {
    name: 'group-handle-is-use',
    question: 'Does an open group handle count as use of the context?',
    cite: mail('"the reference count on the group is irrelevant"; "a benign entry point"'),
    values: [
      {
        value: 'no',
        says: 'no: only context and device handles keep the context',
        argument: 'The group is a benign entry point; its power should go when the access points are closed.',
      },
      {
        value: 'yes',
        says: 'yes: the context lives as long as any handle of the set',
        argument: 'Closing all and reopening at once then cannot fail for want of a new domain.',
      },
    ],
  },
];
