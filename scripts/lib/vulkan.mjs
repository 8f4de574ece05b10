import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aptInstall, canInstall } from './debian.mjs';

const folders = ['/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/etc/vulkan/icd.d'];

/** The manifest of lavapipe, Mesa's Vulkan driver that runs on the CPU; undefined where there is none. */
export function findLavapipe() {
  for (const folder of folders) {
    const name = existsSync(folder) && readdirSync(folder).find((file) => /^lvp_icd.*\.json$/.test(file));
    if (name) return join(folder, name);
  }
  return undefined;
}

/** As `findLavapipe`, but installs it where this process may. */
export async function ensureLavapipe() {
  if (!findLavapipe() && canInstall()) await aptInstall('mesa-vulkan-drivers');
  return findLavapipe();
}

/**
 * For tests: most of a test's time on lavapipe goes into LLVM's compilation of kernels that then run for a moment. So it leaves out what
 * would make them faster, and runs them on one thread.
 */
export const QUICK_COMPILING = { GALLIVM_PERF: 'nopt', LP_NUM_THREADS: '1' };

/** What makes Vulkan use lavapipe alone, so that tests run on the same adapter everywhere; a caller's choice stands. */
export function lavapipeEnvironment() {
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES, XDG_RUNTIME_DIR = tmpdir() } = process.env;
  const driver = findLavapipe();
  if (!driver || VK_DRIVER_FILES || VK_ICD_FILENAMES) return {};
  // Mesa complains on every adapter where there is no XDG_RUNTIME_DIR.
  return { VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver, XDG_RUNTIME_DIR };
}
