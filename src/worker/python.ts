/** Which interpreter runs the worker; set-up decides where it lies. */
export { workerPython } from '../setup/paths.mjs';
