/** The doctor: rows about machine and checkout. */
export { checks } from './checks.ts';
export { examine, healthy, type Row } from './doctor.ts';
