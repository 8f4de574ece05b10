export declare const ISOLATED: Readonly<Record<string, string>>;

export interface StaticServer extends AsyncDisposable {
  readonly origin: string;
}

export function serve(
  folder: string,
  headers?: (path: string) => Readonly<Record<string, string>>,
  read?: (file: string) => Promise<string | Uint8Array>,
  port?: number,
): Promise<StaticServer>;
