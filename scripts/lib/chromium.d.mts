/** Path of a Chromium, found or installed. */
export function ensureChromium(): Promise<string>;
