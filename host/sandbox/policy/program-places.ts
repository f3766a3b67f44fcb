import { delimiter, isAbsolute, normalize } from 'node:path';
import type { ProgramPlaces } from '../types.ts';
import { isSystemPath } from '../view/system-layout.ts';
import { homesOf, whyForbidden } from './forbidden.ts';
import { type Place, placeAt } from './place.ts';
import { isWithin, realPath } from './real-path.ts';

export interface ProgramQuestion {
  /** The host's own PATH. */
  readonly path: string | undefined;
  readonly home: string | undefined;
  /** Where the host works and where its config lies: often written by somebody else, like a cloned project. */
  readonly projects: readonly string[];
  /** Folders of plugins, and whatever plugins may write. */
  readonly plugins: readonly string[];
  /** Asked for once a program outside the system's folders is wanted. */
  readonly forbidden: () => readonly Place[];
}

const NEVER_SEARCHED = ['/proc', '/sys', '/dev'];

/**
 * Where programs are looked up: the host's own PATH, for it is the operator's, without folders of the project and of plugins. The manifest has
 * no say in it. A project that holds the operator's home is no reason: there the programs are the operator's own.
 */
export function programPlaces({ path = '', home, projects, plugins, forbidden }: ProgramQuestion): ProgramPlaces {
  let found: readonly Place[] | undefined;
  let known: readonly Place[] | undefined;
  const foreign = (): readonly Place[] => {
    found ??= foreignPlaces({ home, projects, plugins });
    return found;
  };
  const isForeign = (file: string): boolean => foreign().some((place) => isWithin(file, place.path));
  let searched: readonly string[] | undefined;
  return {
    // Asked for at a start, not when the plugin is admitted: looking at each folder takes a while.
    get path() {
      const folders = new Set(path.split(delimiter).filter(isAbsolute).map(tidy));
      searched ??= [...folders].filter((folder) => isSystemPath(folder) || !leadsThrough(folder, isForeign));
      return searched;
    },
    isForeign: (file) => leadsThrough(file, isForeign),
    whyNot: (file) => {
      if (leadsThrough(file, isForeign)) return 'it lies in the project, in a plugin or where a plugin may write';
      known ??= forbidden();
      return whyForbidden(file, known);
    },
  };
}

function foreignPlaces({ home, projects, plugins }: Pick<ProgramQuestion, 'home' | 'projects' | 'plugins'>): Place[] {
  const homes = homesOf(home);
  const strange = projects.filter((project) => !homes.some((each) => placeAt(project, '').some(({ path }) => isWithin(each, path))));
  return [...NEVER_SEARCHED, ...strange, ...plugins].flatMap((path) => placeAt(path, 'foreign'));
}

/** By its name, by a link on the way, or by where it really is; what cannot be followed counts. */
function leadsThrough(path: string, isForeign: (path: string) => boolean): boolean {
  try {
    const { real, links } = realPath(path);
    return [path, real, ...links].some(isForeign);
  } catch {
    return true;
  }
}

function tidy(folder: string): string {
  return normalize(`${folder}/`).slice(0, -1) || '/';
}
