// Attacks by what Node itself offers beside files and sockets.
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const own = globalThis.process;

async function sqlite() {
  const { DatabaseSync } = await import('node:sqlite');
  return DatabaseSync;
}

export const runtime = [
  {
    id: 'js.sqlite-read',
    layer: 'mounts',
    about: 'Reads a file outside by node:sqlite, which node --permission does not govern',
    run: async (f, kit) => {
      const Database = await sqlite();
      const [row] = new Database(f.outsideDatabase).prepare('SELECT text FROM notes').all();
      if (row === undefined) throw kit.denied('it is empty');
      return row.text;
    },
  },
  {
    id: 'js.sqlite-write',
    layer: 'mounts',
    about: 'Creates a file outside by node:sqlite',
    run: async (f) => {
      const Database = await sqlite();
      new Database(`${f.outsideFolder}/planted.db`).exec('CREATE TABLE planted (x)');
    },
  },
  {
    id: 'js.sqlite-attach',
    layer: 'mounts',
    about: 'Creates a file outside by ATTACH in a database in memory',
    run: async (f) => {
      const Database = await sqlite();
      new Database(':memory:').exec(`ATTACH '${f.outsideFolder}/attached.db' AS out; CREATE TABLE out.planted (x)`);
    },
  },
  {
    id: 'js.sqlite-vacuum',
    layer: 'mounts',
    about: 'Creates a file outside by VACUUM INTO',
    run: async (f) => {
      const Database = await sqlite();
      const database = new Database(':memory:');
      database.exec('CREATE TABLE planted (x)');
      database.exec(`VACUUM INTO '${f.outsideFolder}/vacuumed.db'`);
    },
  },
  {
    id: 'js.load-extension',
    layer: 'node-permission',
    about: 'Loads native code by an extension of SQLite',
    run: async (_f, kit) => {
      const Database = await sqlite();
      const database = new Database(':memory:', { allowExtension: true });
      try {
        database.loadExtension('/lib/x86_64-linux-gnu/libc.so.6');
      } catch (error) {
        // The loader was reached; only the entry point was not found in it.
        if (/undefined symbol|entry point|cannot open shared object/.test(error.message)) return error.message;
        throw error;
      }
      throw kit.denied('it loaded nothing');
    },
  },
  {
    id: 'js.dlopen',
    layer: 'node-permission',
    about: 'Loads native code (process.dlopen)',
    run: () => {
      try {
        process.dlopen({ exports: {} }, '/bin/true');
      } catch (error) {
        if (error.code === 'ERR_DLOPEN_DISABLED') throw error;
        return `the loader was reached: ${error.message}`;
      }
      return 'it was loaded';
    },
  },
  {
    id: 'js.addon-file',
    layer: 'node-permission',
    about: 'Loads native code that it wrote itself, as a .node file',
    run: (f) => {
      const path = `${f.write}/addon.node`;
      copyFileSync('/bin/true', path);
      try {
        createRequire(import.meta.url)(path);
      } catch (error) {
        if (error.code === 'ERR_DLOPEN_DISABLED' || error.code === 'EACCES') throw error;
        return `the loader was reached: ${error.message}`;
      }
      return 'it was loaded';
    },
  },
  {
    id: 'js.binding',
    layer: 'node-permission',
    about: 'Reaches the inner parts of Node (process.binding)',
    run: (_f, kit) => {
      const found = process.binding('spawn_sync');
      if (found?.spawn === undefined) throw kit.denied('it has no spawn');
      return 'spawn_sync';
    },
  },
  {
    id: 'js.wasi-outside',
    layer: 'mounts',
    about: 'Opens a folder outside by WASI',
    run: async (f) => {
      const { WASI } = await import('node:wasi');
      // The folder is opened when the instance starts.
      const wasi = new WASI({ version: 'preview1', preopens: { '/out': f.outsideFolder } });
      return `${Object.keys(wasi.getImportObject()).length} modules, with the folder open`;
    },
  },
  {
    id: 'js.inspector',
    layer: 'net-namespace',
    about: 'Opens a debugger that others on the machine could use',
    run: async (f, kit) => {
      const inspector = await import('node:inspector');
      inspector.open(0, '127.0.0.1', false);
      const address = inspector.url();
      if (address === undefined) throw kit.denied('it did not open');
      if (!existsSync(`/proc/${f.hostPid}/cmdline`)) throw kit.denied('only it itself can reach it');
      return address;
    },
  },
  {
    id: 'js.inspector-session',
    layer: 'node-permission',
    about: 'Reads a file outside with the rights of Node itself, by a session of its debugger',
    run: async (f, kit) => {
      const { Session } = await import('node:inspector/promises');
      const session = new Session();
      session.connect();
      const expression = `process.getBuiltinModule('fs').readFileSync(${JSON.stringify(f.outsideFile)}, 'utf8')`;
      const { result, exceptionDetails } = await session.post('Runtime.evaluate', { expression });
      if (exceptionDetails) throw kit.denied(exceptionDetails.exception?.description?.split('\n')[0] ?? 'it threw');
      return result.value;
    },
  },
  {
    id: 'js.worker-file',
    layer: 'mounts',
    about: 'Reads a file outside in a worker, which some models forget',
    run: async (f) => {
      const { Worker } = await import('node:worker_threads');
      const code = `require('node:worker_threads').parentPort.postMessage(require('node:fs').readFileSync(${JSON.stringify(f.outsideFile)}, 'utf8'))`;
      return new Promise((resolve, reject) => {
        new Worker(code, { eval: true, execArgv: [] }).once('message', resolve).once('error', reject);
      });
    },
  },
  {
    id: 'js.vm-escape',
    layer: 'mounts',
    about: 'Reads a file outside from a context of node:vm',
    run: async (f) => {
      const { runInNewContext } = await import('node:vm');
      const path = JSON.stringify(f.outsideFile);
      return runInNewContext(
        `this.constructor.constructor('return process')().getBuiltinModule('fs').readFileSync(${path}, 'utf8')`,
        Object.create(globalThis),
      );
    },
  },
  {
    id: 'js.chdir-outside',
    layer: 'mounts',
    about: 'Moves into a folder outside and reads by a relative path',
    run: (f) => {
      process.chdir(f.outsideFolder);
      return readFileSync(f.outsideFile.split('/').at(-1), 'utf8');
    },
  },
  {
    id: 'js.heap-snapshot',
    layer: 'mounts',
    about: 'Writes its memory to a file outside',
    run: async (f) => {
      const { writeHeapSnapshot } = await import('node:v8');
      return writeHeapSnapshot(`${f.outsideFolder}/planted.heapsnapshot`);
    },
  },
  {
    id: 'js.report-outside',
    layer: 'mounts',
    about: 'Writes a diagnostic report to a folder outside',
    run: (f, kit) => {
      process.report.directory = f.outsideFolder;
      process.report.writeReport('planted.json');
      if (!existsSync(`${f.outsideFolder}/planted.json`)) throw kit.denied('it was not written');
    },
  },
  {
    id: 'js.env-file',
    layer: 'mounts',
    about: 'Reads a file outside as a list of variables',
    run: (f) => {
      process.loadEnvFile(f.outsideEnvironment);
      return Object.entries(own.env).find(([name]) => name === 'OUTSIDE_TOKEN')?.[1];
    },
  },
  {
    id: 'js.compile-cache',
    layer: 'mounts',
    about: 'Puts compiled code into a folder outside',
    run: async (f, kit) => {
      const { enableCompileCache } = await import('node:module');
      const { message } = enableCompileCache(`${f.outsideFolder}/compiled`);
      throw kit.denied(message ?? 'done; the host looks whether it is there');
    },
  },
  {
    id: 'js.ffi',
    layer: 'node-permission',
    about: 'Calls functions of the C library (node:ffi)',
    run: async (_f, kit) => {
      const ffi = process.getBuiltinModule('node:ffi');
      if (ffi === undefined) throw kit.skipped('this Node has none');
      return Object.keys(ffi).join(' ');
    },
  },
  {
    id: 'js.require-outside',
    layer: 'mounts',
    about: 'Runs code from outside in itself',
    run: (f) => createRequire(import.meta.url)(f.outsideModule).mark,
  },
  {
    id: 'js.exec-from-data',
    layer: 'seccomp',
    about: 'Writes a program and starts it, though it was granted none',
    run: async (f) => {
      const { execFileSync } = await import('node:child_process');
      writeFileSync(`${f.write}/program`, '#!/bin/sh\necho started\n', { mode: 0o755 });
      return execFileSync(`${f.write}/program`, { encoding: 'utf8', timeout: 5000 });
    },
  },
];
