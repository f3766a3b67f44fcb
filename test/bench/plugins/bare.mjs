// A bare Node program: its first byte says that it runs.
process.stdout.write('ready\n');
process.stdin.on('end', () => process.exit()).resume();
