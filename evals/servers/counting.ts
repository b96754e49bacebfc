/** Tokens are characters divided by four: a convention, not a tokenizer. */
const CHARACTERS = 4;

export function tokensOf(text: string): number {
  return Math.ceil(text.length / CHARACTERS);
}

/** Cuts a text into the pieces in which it is sent. */
export function chunks(text: string): string[] {
  return text.match(/[\s\S]{1,40}/g) ?? [];
}
