/** Where the checkout lies. Everything else asks here, so that commands work from any folder. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));
