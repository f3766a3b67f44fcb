import { testSample } from '../../test/samples/test-sample.ts';

testSample(import.meta.dirname);
