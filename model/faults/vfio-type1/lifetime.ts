// What goes wrong when files are closed, groups leave and devices are unplugged?
import { ENOMEM } from '../../../impl/errno.js';
import { register } from '../../../impl/vfio-type1/drivers.js';
import { type FaultyMachine, history, synthetic } from '../fault.js';
import { linux } from '../seeding.js';
import { calls, fault, linuxSays, steps } from './seed.js';

const DISASSOCIATE = linux('3dd59a7dcb97', 'vfio: Make the group FD disassociate from the iommu_group');

export const lifetime: readonly FaultyMachine[] = [
  fault(
    'group/close-forgets-the-container',
    'The last close of a group leaves it in its container, with all that is mapped.',
    DISASSOCIATE,
    ['type1-entering', 'groups.0.container', 4],
    steps(own => ({
      releaseFile: (core, file) => {
        if (file.group === null) own.releaseFile(core, file);
        else file.group.file = null;
      },
    })),
  ),
  fault(
    'group/kept-after-its-last-device',
    'The file of a group keeps the group in its container after its last device has gone.',
    linux('ca5f21b25749', 'the open group keeps what its last device left behind'),
    ['type1-unplug', 'handles.1.kind', 2],
    steps(own => ({
      removeGroup: (core, device) => {
        const group = device.group!;
        if (group.file === null || group.registered.size > 1) own.removeGroup(core, device);
        else {
          group.registered.delete(device);
          device.group = null;
        }
      },
    })),
  ),
  fault(
    'unplug/waits-for-an-idle-group',
    'The removal of a device waits until the file of its group is closed, whatever it is used for.',
    DISASSOCIATE,
    ['type1-unplug', 'outcome.is', 2],
    steps(own => ({
      canLeave: (core, device) =>
        own.canLeave(core, device) && (device.group === null || device.group.file === null),
    })),
  ),
  fault(
    'unplug/leaves-under-its-user',
    'A device leaves its driver while somebody has it open.',
    synthetic('vfio_unregister_group_dev without wait_for_completion'),
    ['type1-unplug', 'outcome.is', 6],
    steps(() => ({ canLeave: () => true })),
  ),
  fault(
    'device/found-while-it-dies',
    'A device that is about to leave its driver is still found by its name and opened.',
    linux('90b1253e4139', 'vfio: get rid of vfio_device_put()/vfio_group_get_device* races'),
    ['type1-unplug', 'outcome.errno', 7],
    steps(own => ({
      lookUp: (core, group, name) => {
        const device = core.devices[name];
        return device !== undefined && group.registered.has(device) ? device : own.lookUp(core, group, name);
      },
    })),
  ),
  fault(
    'container/backend-outlives-its-groups',
    'A call on a container reads which backend there is without a lock, and is made on the one that the last group took with it.',
    linuxSays('vfio: Use down_reads to protect iommu disconnects'),
    ['type1-one-mapping', 'outcome.is', 7],
    () => {
      const had = new Set<object>();
      return {
        steps: own => ({
          backendFor: (core, container) => {
            const found = own.backendFor(core, container);
            if (typeof found !== 'number') had.add(container);
            return typeof found === 'number' && had.has(container) ? container : found;
          },
        }),
      };
    },
  ),
  fault(
    'container/keeps-its-backend',
    'The last group leaves, and the container keeps its backend for the next.',
    synthetic('vfio_group_detach_container without the release'),
    ['type1-entering', 'outcome.yes', 6],
    steps(own => ({
      detachContainer: (core, group) => {
        const container = group.container!;
        const { backend } = container;
        own.detachContainer(core, group);
        container.backend = backend;
      },
    })),
  ),
  fault(
    'device/does-not-hold-its-group',
    'An open device does not hold the file of its group, which leaves the container under it.',
    synthetic('vfio_group_use_container without get_file'),
    ['type1-entering', 'groups.0.container', 6],
    steps(() => ({
      useContainer: (_, device) => {
        device.group!.users++;
      },
      unuseContainer: (_, device) => {
        if (device.group!.users > 0) device.group!.users--;
      },
    })),
  ),
  fault(
    'device/close-undoes-too-much',
    'The close of a device without an IOMMU gives back what its open has not taken.',
    linux('b25e271b3779', 'vfio: the count of a group without an IOMMU underflows'),
    ['type1-without-iommu', 'groups.0.users', 6],
    steps((own, now) => ({
      unuseContainer: (core, device) => {
        const bare = core.hardware.groups[device.group!.name]!.kind === 'no-iommu';
        if (bare && now.op === 'close') device.group!.users--;
        own.unuseContainer(core, device);
      },
    })),
  ),
  fault(
    'device/open-that-fails-lets-go-twice',
    'An open that fails lets go of the group, and so does the clean-up behind it.',
    history('CVE-2026-31468: an error path releases what the later cleanup releases again'),
    ['type1-entering', 'groups.0.users', 5],
    steps((own, now) => ({
      unuseContainer: (core, device) => {
        own.unuseContainer(core, device);
        if (now.op === 'get_device') device.group!.users--;
      },
    })),
  ),
  fault(
    'device/bind-that-fails-leaves-its-group',
    'A registration that fails half-way leaves the group of the device behind.',
    history('Linux between 7.0 and 7.2, the registration of vfio-pci: one of two steps is not undone'),
    ['type1-unplug', 'outcome.is', 3],
    calls(
      own =>
        class extends own {
          override bind(...call: Parameters<InstanceType<typeof own>['bind']>): number {
            const code = super.bind(...call);
            const device = this.core.devices[call[0]];
            if (code === -ENOMEM && device !== undefined) register(this.core, device);
            return code;
          }
        },
    ),
  ),
  fault(
    'group/not-given-back',
    'A group that could not be attached stays owned by VFIO.',
    synthetic('vfio_container_attach_group without the release after a failure'),
    ['type1-apart', 'outcome.viable', 7],
    steps((own, now) => ({
      releaseOwner: (core, group) => {
        if (now.op !== 'set_container') own.releaseOwner(core, group);
      },
    })),
  ),
  fault(
    'group/claimed-beside-the-kernel',
    'A group is claimed though a device of it has a driver that uses the DMA of the kernel.',
    synthetic('iommu_group_claim_dma_owner without owner_cnt'),
    ['type1-unplug', 'outcome.is', 4],
    steps(own => ({
      claim: (core, group) => {
        const iommu = group.iommu!;
        const { owners } = iommu;
        iommu.owners = 0;
        const code = own.claim(core, group);
        if (code < 0) iommu.owners = owners;
        return code;
      },
    })),
  ),
];
