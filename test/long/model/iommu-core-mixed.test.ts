// Do law and implementation of iommu-core agree on many walks of machines that have everything at once?
import { testMixed } from '../../model/iommu-core-mixed.js';

testMixed(25);
