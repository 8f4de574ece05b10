/** Path of a Chromium, found or installed. */
export function ensureChromium(): Promise<string>;

export const QUICK_SHADERS: string;
