import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { before, describe, it } from 'node:test';
import { relativeTargets, withAbsoluteLinks } from '../../scripts/readme.mjs';

describe('the pages in the package', () => {
  let files: string[];

  before(() => {
    const pack = ['pack', '--dry-run', '--json', '--ignore-scripts'];
    const stdio: ('ignore' | 'pipe')[] = ['ignore', 'pipe', 'ignore'];
    const options = { encoding: 'utf8', shell: process.platform === 'win32', stdio } as const;
    files = JSON.parse(execFileSync('npm', pack, options))[0].files.map(({ path }: { path: string }) => path);
  });

  it('link and show only what is in the package too', () => {
    const pages = files.filter((file) => file.endsWith('.md'));
    assert.ok(pages.includes('README.md') && pages.includes('docs/guides/embed.md'));
    const missing = pages.flatMap((page) =>
      relativeTargets(readFileSync(page, 'utf8'))
        .map((target) => posix.join(posix.dirname(page), target))
        .filter((target) => !files.includes(target))
        .map((target) => `${page}: ${target}`),
    );
    assert.deepEqual(missing, []);
  });

  it('link to sections that there are', () => {
    const missing = files
      .filter((file) => file.endsWith('.md'))
      .flatMap((page) =>
        [...readFileSync(page, 'utf8').matchAll(/\]\((?![a-z]+:)([^)#\s]*)#([^)\s]+)\)/g)]
          .filter(([, target, section]) => {
            const text = readFileSync(target ? posix.join(posix.dirname(page), target) : page, 'utf8');
            const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
              heading
                .toLowerCase()
                .replaceAll(/[^\w\s-]/g, '')
                .replaceAll(' ', '-'),
            );
            return !headings.includes(section);
          })
          .map(([link]) => `${page}: ${link}`),
      );
    assert.deepEqual(missing, []);
  });
});

describe('scripts/readme.mjs', () => {
  const page = '[a](docs/a.md#b) [c](#c) [d](https://example.org/d) <img src="docs/e.webp">';

  it('makes links absolute at the tag of the version', () => {
    const address = 'https://example.org/owner/name';
    const expected = `[a](${address}/blob/v1.2.3/docs/a.md#b) [c](#c) [d](https://example.org/d) <img src="${address}/raw/v1.2.3/docs/e.webp">`;
    for (const repository of [address, { type: 'git', url: `git+${address}.git` }]) {
      assert.equal(withAbsoluteLinks(page, repository, '1.2.3'), expected);
    }
  });

  it('leaves the page as it is without a repository, and refuses an address that is no page', () => {
    assert.equal(withAbsoluteLinks(page, undefined, '1.2.3'), page);
    assert.throws(() => withAbsoluteLinks(page, 'git@example.org:owner/name', '1.2.3'), /git@example.org/);
  });
});
