// What the status item says. No import of `vscode` here: it is tested under plain Node.

/** The parameters of an `experimental/serverStatus` notification. */
export interface Health {
  readonly health: 'ok' | 'warning' | 'error';
  readonly quiescent: boolean;
  readonly message: string | null;
}

/** One project in a `djguide/overview` notification. */
export interface Project {
  readonly root: string;
  readonly settingsModule: string | null;
  readonly djangoVersion: string | null;
  readonly models: number;
}

/** The parameters of a `djguide/overview` notification. */
export interface Overview {
  readonly projects: readonly Project[];
  readonly seconds: number;
}

export type State =
  | { readonly kind: 'waiting' | 'starting' | 'stopped' }
  | { readonly kind: 'missing'; readonly message: string }
  | { readonly kind: 'running'; readonly health?: Health; readonly overview?: Overview };

/** A status item in words. */
export interface Status {
  readonly text: string;
  readonly detail: string;
  readonly severity: 'information' | 'warning' | 'error';
  readonly busy: boolean;
}

const words = {
  waiting: 'waits for a Django file',
  starting: 'starting',
  stopped: 'stopped',
};

/** @param file the path of the file that the user looks at, with slashes; its project is the one to tell of. */
export function describe(state: State, file = ''): Status {
  if (state.kind === 'missing') return { text: 'djguide: no server', detail: state.message, severity: 'error', busy: false };
  if (state.kind !== 'running') {
    const detail = words[state.kind];
    return { text: 'djguide', detail, severity: 'information', busy: state.kind === 'starting' };
  }
  const project = projectOf(state.overview?.projects ?? [], file);
  const version = project?.djangoVersion ? `Django ${project.djangoVersion}` : undefined;
  const health = state.health?.health ?? 'ok';
  return {
    text: version ?? 'djguide',
    detail: state.health?.message?.split('\n')[0] || facts(state.overview, project).join(' · '),
    severity: health === 'ok' ? 'information' : health,
    busy: state.health?.quiescent === false,
  };
}

function facts(overview: Overview | undefined, project: Project | undefined): string[] {
  if (!overview) return ['reading'];
  const known = project
    ? [
        project.root.replace(/\/+$/, '').replace(/^.*\//, ''),
        project.settingsModule ?? 'no settings found',
        `${project.models} ${project.models === 1 ? 'model' : 'models'}`,
      ]
    : ['no Django project found'];
  return [...known, `checked in ${overview.seconds} s`];
}

/** The innermost project that holds a file; the only one there is, for a file outside of it. */
function projectOf(projects: readonly Project[], file: string): Project | undefined {
  const around = projects.filter(({ root }) => file.startsWith(`${root.replace(/\/+$/, '')}/`));
  const innermost = around.sort((one, other) => other.root.length - one.root.length)[0];
  return innermost ?? (projects.length === 1 ? projects[0] : undefined);
}
