// Do both explorers find the same in every small world of vfio-2011 and linux-dma, with every promise kept and every case seen?
import { LINUX_DMA_WORLDS } from '../../../model/worlds/linux-dma.js';
import { VFIO_2011_WORLDS } from '../../../model/worlds/vfio-2011.js';
import { testBoth, testHappened } from '../../model/both-explorers.js';

const WORLDS = [...VFIO_2011_WORLDS, ...LINUX_DMA_WORLDS];
const happened = new Set<string>();

testBoth(WORLDS, happened);
testHappened(WORLDS, happened);
