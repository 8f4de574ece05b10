export function relativeTargets(page: string): string[];
export function withAbsoluteLinks(
  page: string,
  repository: string | { readonly url: string } | undefined,
  version: string,
): string;
