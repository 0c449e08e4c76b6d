// Whether files are a Django project's. No import of `vscode` here: it is tested under plain Node.

/** Files that only a project of Django's, or one that is meant for djguide, has: a glob pattern. */
export const marks = '**/{manage.py,djguide.toml}';
/** Files that say which packages a project needs: a glob pattern. */
export const requirements =
  '**/{pyproject.toml,setup.py,setup.cfg,Pipfile,requirements*.txt,requirements/*.txt,requirements*.in,requirements/*.in}';
/** Folders in which nothing is the user's own: a glob pattern. */
export const foreign = '**/{node_modules,site-packages,.venv,venv,.tox,.nox,.git}/**';

/** Whether the text of one of the `requirements` names Django or a package for it, such as `django-filter`. */
export function requiresDjango(text: string): boolean {
  return text.split('\n').some((line) => /\bdjango(?!guide)/i.test(line.replace(/(^|\s)#.*/, '')));
}

/** Whether a Python file imports Django or one of its frameworks. */
export function importsDjango(text: string): boolean {
  return /^[ \t]*(?:from|import)[ \t]+(?:django|rest_framework)\b/m.test(text);
}
