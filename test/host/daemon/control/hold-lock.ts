/** A process that takes a lock and says so: `held`, or the message. It holds it until it is killed. */
import { takeLock } from '../../../../host/daemon/control/daemon-lock.ts';

try {
  await takeLock(process.argv[2] as string, 'a daemon');
  console.log('held');
  setInterval(() => {}, 1000);
} catch (error) {
  console.log((error as Error).message);
}
