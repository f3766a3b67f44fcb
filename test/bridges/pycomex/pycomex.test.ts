import { testBridge } from '../environment.ts';

const requirements = ['pycomex==0.29.0', 'optuna==5.0.0'];

testBridge('the bridge to pycomex passes its tests with the real pycomex', { bridge: 'pycomex', requirements, atLeast: 22 });
