/** Characters without a shape of their own, spelled out: foreign text that passed here can neither move a cursor nor hide. */

/** Controls, format characters (bidi, zero width, tags), lone surrogates, private use, line separators, fillers, variation selectors. */
const UNSEEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u115f\u1160\u2800\u3164\uffa0]|\u034f|[\ufe00-\ufe0f]|[\u{e0100}-\u{e01ef}]/gu;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\r': '\\r' };

/** Returns JSON text in which every unseen character is an escape, as JSON itself spells them: the same value. Contract: never throws. */
export function seenJson(json: string): string {
  return json.replace(UNSEEN, (c) =>
    c === '\n'
      ? c
      : [...Array(c.length).keys()].map((at) => `\\u${c.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  );
}

/** Returns the text with every unseen character spelled (`\u{1b}`), save those of `kept`. Contract: never throws. */
export function spelled(text: string, kept = ''): string {
  return text.replace(UNSEEN, (c) =>
    kept.includes(c) ? c : (SHORT[c] ?? `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`),
  );
}
