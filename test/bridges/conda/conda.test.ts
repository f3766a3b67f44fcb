import { testBridge } from '../environment.ts';

testBridge('the bridge to conda passes its tests with the real pluggy', { bridge: 'conda', requirements: ['pluggy==1.7.0'], atLeast: 21 });
