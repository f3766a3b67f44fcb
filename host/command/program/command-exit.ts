/** Thrown by a hook or a command: ends the program in order, as a dry run does. */
export class CommandExit extends Error {
  override readonly name = 'CommandExit';
  readonly exitCode: number;

  constructor(exitCode: number, message = '') {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Ends the command here. `message` is printed by the program. */
export function exit(exitCode: number, message?: string): never {
  throw new CommandExit(exitCode, message);
}
