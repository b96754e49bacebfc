/** A body of JSON lines, let through line by line: Ollama's client prints what is no JSON on the terminal, so it never gets to see it. */

/** Returns the response with a body that breaks at the first line that is no JSON. */
export function jsonLines(response: Response): Response {
  if (!response.ok || response.body === null) return response;
  let rest = '';
  const checked = (line: string, to: TransformStreamDefaultController<string>): void => {
    if (line.trim() === '') return;
    JSON.parse(line);
    to.enqueue(`${line}\n`);
  };
  const body = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(
      new TransformStream<string, string>({
        transform(text, to) {
          const lines = (rest + text).split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines) checked(line, to);
        },
        flush: (to) => checked(rest, to),
      }),
    )
    .pipeThrough(new TextEncoderStream());
  return new Response(body, { status: response.status, headers: response.headers });
}
