import { testBridge } from '../environment.ts';

testBridge('the bridge to coma passes its tests with the real coma 2', { bridge: 'coma', requirements: ['coma==2.1.0'], atLeast: 22 });
testBridge('the bridge to coma passes its tests with the real coma 3', { bridge: 'coma', requirements: ['coma==3.0.1'], atLeast: 22 });
