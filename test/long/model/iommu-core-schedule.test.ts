// If many calls on the IOMMU core run at the same time, is there always an order of them that the law allows?
import { testOrders } from '../../model/iommu-core-schedule.js';

testOrders(150, 400);
