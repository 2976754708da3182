// Does the explorer reach what the simplest one reaches, in further worlds of iommu-core, type1 and hardware?
import { worldNamed } from '../../../model/worlds.js';
import { testNaive } from '../../model/naive.js';

testNaive(['parts', 'type1-entering', 'hw-attach'].map(name => worldNamed(name)!));
