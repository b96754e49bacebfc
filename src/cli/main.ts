/** The entry point: reads the words, runs the command, sets the exit code. It leaves by returning, never by `process.exit`. */
import { runProgram } from './program.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader of a pipe has left (`| head`): nobody is there to be told.
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await runProgram(process.argv.slice(2));
