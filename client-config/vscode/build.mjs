// Bundle the extension into dist/: its code with the licences of the libraries in it, the schemas of the configuration,
// pictures, and djguide itself: the wheel that DJGUIDE_WHEEL names or that lies in the dist/ folder of the project.
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { build } from 'esbuild';

const project = path.resolve('..', '..');

rmSync('dist', { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: ['src/extension.ts'],
  outfile: 'dist/extension.js',
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['vscode'],
  metafile: true,
  logLevel: 'warning',
});

/** The package folders, such as `node_modules/semver`, that a bundled file came from. */
const packages = new Set(
  Object.keys(metafile.inputs).flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []),
);
const notices = [...packages].sort().map((folder) => {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (!file) throw new Error(`${name} ${version} has no licence file`);
  return `${name} ${version} (${license})\n\n${readFileSync(`${folder}/${file}`, 'utf8').trim()}\n`;
});
writeFileSync('dist/THIRD-PARTY-LICENSES.txt', notices.join(`\n${'-'.repeat(80)}\n\n`));

const schema = JSON.parse(readFileSync(path.join(project, 'docs', 'djguide.schema.json'), 'utf8'));
const { $schema, title, ...table } = schema;
/** Nothing is said of the other tables of the file. */
const pyproject = { $schema, title: 'pyproject.toml', properties: { tool: { properties: { djguide: { title, ...table } } } } };
mkdirSync('dist/schemas');
writeFileSync('dist/schemas/djguide.schema.json', JSON.stringify(schema));
writeFileSync('dist/schemas/pyproject.schema.json', JSON.stringify(pyproject));

mkdirSync('dist/images');
for (const name of ['vscode-hover.png', 'vscode-quick-fix.png']) {
  copyFileSync(path.join(project, 'docs', 'images', name), `dist/images/${name}`);
}

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const name = `djguide-${version}-py3-none-any.whl`;
const wheel = process.env.DJGUIDE_WHEEL ?? path.join(project, 'dist', name);
if (existsSync(wheel)) {
  if (path.basename(wheel) !== name) throw new Error(`${wheel} is not djguide ${version}`);
  mkdirSync('dist/server');
  copyFileSync(wheel, `dist/server/${name}`);
} else {
  console.warn(`Without ${wheel} the extension cannot install djguide by itself.`);
}
