// Before npm pack at a release: makes the relative links and pictures of README.md absolute, so that npm's page shows them.
// The address is the `repository` of package.json, at the version's tag. Without a `repository` README.md stays as it is; what
// it links to is in the package either way.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Every relative target of a page's links `](…)` and pictures `src="…"`, without its `#section`. */
export function relativeTargets(page) {
  const targets = [...page.matchAll(LINK)].map(([, , target]) => target.replace(/#.*/, ''));
  return targets.filter((target) => target !== '');
}

const LINK = /(\]\(|src=")(?![a-z]+:|\/\/)([^)"\s]*)/g;

/** The page with absolute links for a version. `repository` is what package.json says: an address, or an object with `url`. */
export function withAbsoluteLinks(page, repository, version) {
  if (repository === undefined) return page;
  const given = typeof repository === 'string' ? repository : repository.url;
  const address = given.replace(/^git\+/, '').replace(/\.git$/, '');
  if (!address.startsWith('https://')) {
    throw new Error(`repository is ${JSON.stringify(given)} in package.json; give its address as https://…`);
  }
  return page.replace(LINK, (link, before, target) => {
    if (target.startsWith('#') || target === '') return link;
    const kind = before === 'src="' ? 'raw' : 'blob';
    return `${before}${address}/${kind}/v${version}/${target}`;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { repository, version } = JSON.parse(readFileSync('package.json', 'utf8'));
  writeFileSync('README.md', withAbsoluteLinks(readFileSync('README.md', 'utf8'), repository, version));
}
