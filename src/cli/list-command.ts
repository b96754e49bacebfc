/** A group of commands lists its things when no command is named; a word that is none of its commands is then not ignored. */
import type { Command } from 'commander';
import { nearest } from '../protocol/index.ts';
import { UsageError } from './failure.ts';

/** Adds the default command of a group, which lists its things. */
export function listCommand(group: Command, description: string, name = 'list'): Command {
  return group
    .command(name, { isDefault: true })
    .description(description)
    .allowExcessArguments()
    .hook('preAction', (_this, command) => {
      const [word] = command.args;
      if (word !== undefined) throw unknownCommand(group, word);
    });
}

function unknownCommand(group: Command, word: string): UsageError {
  const names = group.commands.map((command) => command.name());
  const near = nearest(word, names);
  const meant = near === undefined ? '' : `did you mean ${near}? `;
  return new UsageError(
    `\`recircuit ${group.name()}\` has no command "${word}": ${meant}its commands are ${names.join(', ')}.`,
  );
}
