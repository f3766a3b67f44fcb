import { testBridge } from '../environment.ts';

const requirements = ['mellea[hooks]==0.8.0'];

testBridge('the bridge to Mellea passes its tests with the real Mellea', { bridge: 'mellea', requirements, atLeast: 89 });
