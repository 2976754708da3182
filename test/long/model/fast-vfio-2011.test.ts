// Do both explorers find the same in every small world of vfio-2011 and linux-dma?
import { LINUX_DMA_WORLDS } from '../../../model/worlds/linux-dma.js';
import { VFIO_2011_WORLDS } from '../../../model/worlds/vfio-2011.js';
import { testBoth } from '../../model/both-explorers.js';

testBoth([...VFIO_2011_WORLDS, ...LINUX_DMA_WORLDS]);
